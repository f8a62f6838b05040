namespace Broker.Client;

/// <summary>Names to listen to with OpenTelemetry or any other collector.</summary>
public static class NsqTelemetry
{
    /// <summary>
    /// Source of the spans <c>send {topic}</c> and <c>process {topic}</c>, with the tags that OpenTelemetry defines for
    /// messaging.
    /// </summary>
    public const string ActivitySourceName = "Broker.Client";

    /// <summary>
    /// Source of the measurements <c>messaging.client.sent.messages</c>, <c>messaging.client.consumed.messages</c>,
    /// <c>messaging.client.operation.duration</c> (seconds, of a publish) and <c>messaging.process.duration</c> (seconds, of
    /// a handler), by topic and error.
    /// </summary>
    public const string MeterName = "Broker.Client";
}
