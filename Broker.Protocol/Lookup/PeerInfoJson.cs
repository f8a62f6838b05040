using System.Text.Json.Serialization;

namespace Broker.Protocol.Lookup;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PeerInfo))]
internal sealed partial class PeerInfoJson : JsonSerializerContext;
