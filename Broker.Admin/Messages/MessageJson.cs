using System.Text.Json.Serialization;

namespace Broker.Admin;

[JsonSerializable(typeof(ChannelMessage))]
[JsonSerializable(typeof(MessagePage))]
[JsonSerializable(typeof(RedriveProgress))]
internal sealed partial class MessageJson : JsonSerializerContext;
