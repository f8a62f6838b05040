using Microsoft.Extensions.Logging;

namespace Broker.Serving.Telemetry;

/// <summary>What is logged of requests by HTTP, event ids 1400 to 1499.</summary>
internal static partial class ServingLog
{
    [LoggerMessage(1400, LogLevel.Error, "{Remote}: HTTP {Method} {Path} of topic '{Topic}', channel '{Channel}' failed; the client was answered 500 and may ask again. Report this with the lines below")]
    public static partial void RequestFailed(
        this ILogger logger, Exception exception, string remote, string method, string? path, string topic, string channel);

    [LoggerMessage(1401, LogLevel.Debug, "HTTP {Method} {Path}: the client went away")]
    public static partial void RequestAborted(this ILogger logger, string method, string? path);
}
