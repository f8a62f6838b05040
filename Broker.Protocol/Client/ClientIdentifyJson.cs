using System.Text.Json.Serialization;

namespace Broker.Protocol.Client;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IdentifyRequest))]
[JsonSerializable(typeof(IdentifyReply))]
internal sealed partial class ClientIdentifyJson : JsonSerializerContext;
