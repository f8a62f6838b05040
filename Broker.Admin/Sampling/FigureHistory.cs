namespace Broker.Admin;

/// <summary>The last hour of every topic and channel that something happens to, up to a number of them; the quietest give way.</summary>
public sealed class FigureHistory
{
    /// <summary>Topics and channels that are remembered: at 8.6 KB each, some 34 MB.</summary>
    public const int SeriesAtMost = 4_000;

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    private readonly Lock _sync = new();
    private readonly Dictionary<(string Topic, string Channel), FigureRing> _rings = [];

    // Whether the last sample was of all nodes; else what was missing in it was only not told.
    private bool _knowsAll;

    /// <summary>Remembers a sample.</summary>
    public void Add(ClusterSample sample)
    {
        lock (_sync)
        {
            Put(("", ""), sample.At, new FigureCounts(
                sample.Topics.Sum(static topic => topic.Figures.MessageCount), sample.Delivered, sample.Depth, sample.InFlight));
            foreach (TopicSample topic in sample.Topics)
            {
                Put((topic.Name, ""), sample.At, FigureCounts.Of(topic.Figures, topic.Depth, topic.InFlight));
                foreach (ChannelSample channel in topic.Channels)
                    Put((topic.Name, channel.Name), sample.At, FigureCounts.Of(channel.Figures));
            }
            _knowsAll = sample.Failures.Count == 0;
        }
    }

    /// <summary>The last hour of a channel, of a topic if that is empty, or of everything if the topic is empty too; oldest first.</summary>
    public FigurePoint?[] Read(DateTimeOffset now, string topic = "", string channel = "")
    {
        lock (_sync)
        {
            return _rings.TryGetValue((topic, channel), out FigureRing? ring)
                ? ring.Read(now)
                : new FigurePoint?[FigureRing.Points];
        }
    }

    /// <summary>How many messages a channel has given up in the last hour, as far as was looked at it.</summary>
    public long Died(DateTimeOffset now, string topic, string channel)
    {
        long died = 0;
        long? before = null;
        foreach (FigurePoint? point in Read(now, topic, channel))
        {
            if (point is not { Counts.Died: var count })
                continue;
            // Counts begin at zero again when a broker does.
            if (before is { } earlier)
                died += count >= earlier ? count - earlier : count;
            before = count;
        }

        return died;
    }

    private void Put((string Topic, string Channel) key, DateTimeOffset at, FigureCounts counts)
    {
        if (!_rings.TryGetValue(key, out FigureRing? ring))
        {
            // Where nothing ever happened there is nothing to remember.
            if (counts == default && key.Topic.Length > 0)
                return;
            if (_rings.Count >= SeriesAtMost)
                ForgetQuietest(at);
            if (_rings.Count >= SeriesAtMost)
                return;
            _rings.Add(key, ring = new FigureRing());
            // What was not there at the sample before came into being since, and had nothing then.
            if (_knowsAll)
                ring.Put(at - FigureRing.Step, default);
        }
        ring.Put(at, counts);
    }

    // Many at a time, so that it is not done at each sample; what changed within the last minutes stays.
    private void ForgetQuietest(DateTimeOffset now)
    {
        long quiet = (now - Quiet).ToUnixTimeMilliseconds();
        foreach ((string, string) key in _rings
            .Where(ring => ring.Key.Topic.Length > 0 && ring.Value.ChangedAt < quiet)
            .OrderBy(static ring => ring.Value.ChangedAt)
            .Take(SeriesAtMost / 10)
            .Select(static ring => ring.Key)
            .ToArray())
        {
            _rings.Remove(key);
        }
    }
}
