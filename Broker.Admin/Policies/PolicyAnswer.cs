using System.Text.Json.Nodes;

namespace Broker.Admin;

/// <summary>What a broker tells of a policy.</summary>
/// <param name="Said">What is said of the topic or channel itself.</param>
/// <param name="Effective">What holds: each value with who says it.</param>
/// <param name="Tag">The tag of what is said: sent back with a change, it keeps somebody else's from being overwritten.</param>
public sealed record PolicyAnswer(JsonObject Said, JsonObject Effective, string Tag);
