using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Messages;

/// <summary>How messages are written.</summary>
[JsonSerializable(typeof(MessageDocument))]
[JsonSerializable(typeof(MessagesDocument))]
internal sealed partial class MessagesJson : JsonSerializerContext;
