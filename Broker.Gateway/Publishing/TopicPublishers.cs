using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Policies;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using System.Security.Cryptography;

namespace Broker.Gateway.Publishing;

/// <summary>The one publisher of each topic, in which the publishes of all connections meet.</summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="hosted">The topics of this process, which are published to without a call.</param>
/// <param name="options">Limits.</param>
/// <param name="metrics">Told what is measured.</param>
/// <param name="wheel">Calls to let go of those that nobody uses.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class TopicPublishers(
    IGrainFactory grains, IHostedTopics hosted, GatewayOptions options, GatewayMetrics metrics, TimerWheel wheel, TimeProvider time, ILogger logger) : WheelEntry
{
    private const long Interval = 30_000;

    private static readonly TimeSpan PublisherAge = TimeSpan.FromMinutes(10);

    // Who deletes topics by the thousand, or publishes where none can be made, is not to fill the memory with their names.
    private static readonly TimeSpan UnknownAge = TimeSpan.FromSeconds(30);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, TopicPublisher> _publishers = new(StringComparer.Ordinal);

    // Whatever is remembered of an earlier start, the numbers of this one are new.
    private long _next = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & (long.MaxValue >> 1);

    /// <summary>The publisher of a topic.</summary>
    /// <param name="topic">Its name, which is valid.</param>
    public TopicPublisher Find(ReadOnlySpan<byte> topic)
    {
        Span<char> name = stackalloc char[topic.Length];
        System.Text.Encoding.ASCII.GetChars(topic, name);
        lock (_sync)
        {
            if (!_publishers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out TopicPublisher? publisher))
            {
                publisher = new TopicPublisher(name.ToString(), grains, hosted, ++_next, options, metrics, time, logger);
                _publishers.Add(publisher.Topic, publisher);
                Schedule();
            }
            publisher.Use();
            return publisher;
        }
    }

    /// <summary>A topic was deleted.</summary>
    public void Forget(string topic)
    {
        lock (_sync)
            _publishers.GetValueOrDefault(topic)?.Forget();
    }

    /// <summary>Waits until all publishes are answered.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        TopicPublisher[] publishers;
        lock (_sync)
            publishers = [.. _publishers.Values];
        foreach (TopicPublisher publisher in publishers)
            await publisher.DrainAsync().WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        lock (_sync)
        {
            foreach (TopicPublisher publisher in _publishers.Values)
            {
                if (publisher.IsUnusedFor(publisher.IsTopicKnown ? PublisherAge : UnknownAge))
                {
                    publisher.IsRetired = true;
                    _publishers.Remove(publisher.Topic);
                }
            }
            if (_publishers.Count > 0)
                Schedule();
        }
    }

    private void Schedule()
    {
        if (!IsLinked)
            wheel.Schedule(this, Interval, coarse: true);
    }
}
