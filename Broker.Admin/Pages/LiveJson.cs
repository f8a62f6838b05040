using System.Text.Json.Serialization;

namespace Broker.Admin;

[JsonSerializable(typeof(LiveEvent))]
internal sealed partial class LiveJson : JsonSerializerContext;
