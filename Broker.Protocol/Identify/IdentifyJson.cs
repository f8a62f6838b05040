using System.Text.Json.Serialization;

namespace Broker.Protocol;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, MaxDepth = 1000)]
[JsonSerializable(typeof(IdentifyRequest))]
[JsonSerializable(typeof(IdentifyReply))]
internal sealed partial class IdentifyJson : JsonSerializerContext;
