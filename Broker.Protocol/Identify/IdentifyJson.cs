using System.Text.Json.Serialization;

namespace Broker.Protocol;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, MaxDepth = 10_000)]
[JsonSerializable(typeof(IdentifyRequest))]
[JsonSerializable(typeof(IdentifyReply))]
internal sealed partial class IdentifyJson : JsonSerializerContext;
