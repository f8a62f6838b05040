using System.Text.Json;
using System.Text.Json.Nodes;

namespace Broker.Admin;

/// <summary>A line of a policy: what is said here, what holds, and who says that.</summary>
/// <param name="Field">What it is about.</param>
/// <param name="Name">The name that the form has it under.</param>
/// <param name="Said">What is said here; empty for nothing.</param>
/// <param name="Holds">What holds.</param>
/// <param name="From">Who says that.</param>
public sealed record PolicyRow(PolicyField Field, string Name, string Said, string Holds, string From)
{
    /// <summary>The lines for some fields, and for what a broker knows beside them.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="prefix">What stands before each name: empty, or the name of the object that they are in with a dot.</param>
    /// <param name="said">What is said here, an object.</param>
    /// <param name="effective">What holds, an object.</param>
    public static IReadOnlyList<PolicyRow> Of(IReadOnlyList<PolicyField> fields, string prefix, JsonObject? said, JsonObject? effective)
    {
        HashSet<string> known = [.. fields.Select(static field => field.Path.Split('.')[0])];
        IEnumerable<PolicyField> others = (effective ?? []).Concat(said ?? [])
            .Where(entry => entry.Key != PolicyForm.Channels && known.Add(entry.Key)).Select(static entry => new PolicyField(entry.Key, entry.Key));
        return [.. fields.Concat(others).Select(field => Of(field, prefix, said, effective))];
    }

    private static PolicyRow Of(PolicyField field, string prefix, JsonObject? said, JsonObject? effective)
    {
        string[] path = field.Path.Split('.');
        JsonNode? told = effective?[path[0]];
        string value = TextOf(Find(told?["value"], path[1..]));
        string holds = value.Length == 0 ? "" : value == "0" && field.Zero.Length > 0 ? field.Zero : $"{value} {field.Unit}".TrimEnd();
        return new PolicyRow(field, prefix + field.Path, TextOf(Find(said?[path[0]], path[1..])), holds, holds.Length == 0 ? "" : FromOf(told));
    }

    private static JsonNode? Find(JsonNode? node, string[] path)
    {
        foreach (string name in path)
            node = (node as JsonObject)?[name];
        return node;
    }

    private static string TextOf(JsonNode? node) => node is null ? "" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();

    private static string FromOf(JsonNode? told)
    {
        string from = TextOf(told?["from"]);
        return TextOf(told?["pattern"]) is { Length: > 0 } pattern ? $"config file, {pattern}" : from;
    }
}
