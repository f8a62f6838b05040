using System.Text.Json.Serialization;

namespace Broker.Client;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LookupReply))]
internal sealed partial class LookupJson : JsonSerializerContext;
