using Microsoft.Extensions.Logging;

namespace Broker.Storage;

/// <summary>
/// A channel that has finished more than its topic ever gave out, which cannot be: what is published next would count as finished. So it is not
/// opened, or closed again.
/// </summary>
internal static partial class FloorBeyondEnd
{
    /// <summary>Tells the operator, and counts it.</summary>
    public static StoreException Report(ILogger logger, StorageMetrics? metrics, string topic, string channel, long floor, long end)
    {
        Found(logger, channel, topic, floor, end);
        metrics?.Breached();
        return new StoreException($"channel {channel} of topic {topic} has finished all below {floor}, but the topic's offsets end at {end}");
    }

    [LoggerMessage(2050, LogLevel.Critical, "channel {Channel} of topic {Topic} has finished all below {Floor}, but the topic's offsets end at {End}; it is closed and writes nothing more. Please report this line")]
    private static partial void Found(ILogger logger, string channel, string topic, long floor, long end);
}
