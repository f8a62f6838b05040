namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>A message that is no envelope this version can read.</summary>
internal sealed class MalformedEnvelopeException(string message, Exception? cause = null) : FormatException(message, cause);
