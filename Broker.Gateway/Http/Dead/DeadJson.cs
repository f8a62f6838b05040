using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Dead;

/// <summary>How dead letters are written.</summary>
[JsonSerializable(typeof(DeadLetterDocument))]
[JsonSerializable(typeof(DeadLettersDocument))]
[JsonSerializable(typeof(DeadDiscardDocument))]
[JsonSerializable(typeof(RedriveDocument))]
internal sealed partial class DeadJson : JsonSerializerContext;
