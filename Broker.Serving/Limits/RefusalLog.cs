using Microsoft.Extensions.Logging;

namespace Broker.Serving.Limits;

/// <summary>What is logged of refusals, event id 1520.</summary>
internal static partial class RefusalLog
{
    [LoggerMessage(1520, LogLevel.Warning, "Refused: {Reason}, {Times} times since this was last said, now to {Remote}")]
    public static partial void RefusedClients(this ILogger logger, RefusalReason reason, long times, string remote);
}
