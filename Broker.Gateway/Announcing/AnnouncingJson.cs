using System.Text.Json.Serialization;

namespace Broker.Gateway.Announcing;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(KnownChannels))]
internal sealed partial class AnnouncingJson : JsonSerializerContext;
