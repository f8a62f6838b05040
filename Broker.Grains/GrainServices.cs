using Broker.Grains.Metrics;
using Broker.Grains.Topics;
using Broker.Policies;
using Broker.Storage;
using Broker.Telemetry;
using Broker.Topics;
using Microsoft.Extensions.Logging;

namespace Broker.Grains;

/// <summary>What topics and channels need from outside: limits, stores, time, chance, and a log.</summary>
/// <param name="Options">Limits of topics and channels.</param>
/// <param name="Durable">The store of ordinary topics.</param>
/// <param name="Ephemeral">The store of ephemeral topics, in memory.</param>
/// <param name="Time">The clock.</param>
/// <param name="Seed">Seed of everything that is drawn by chance.</param>
/// <param name="Log">Where topics and channels log.</param>
public sealed record GrainServices(
    QueueOptions Options, IMessageStore Durable, IMessageStore Ephemeral, TimeProvider Time, int Seed, ILogger<GrainServices> Log)
{
    /// <summary>Whom a new topic asks for channels to begin with; null for nobody.</summary>
    public IKnownChannels? KnownChannels { get; init; }

    /// <summary>Where topics and channels show their figures; null for nowhere.</summary>
    public GrainMetrics? Metrics { get; init; }

    /// <summary>Traces messages; null for never.</summary>
    public MessageTraces? Traces { get; init; }

    /// <summary>Told which topics are open here; null where nobody asks.</summary>
    public HostedTopics? Hosted { get; init; }

    /// <summary>Nanoseconds since the Unix epoch.</summary>
    public long NowNanoseconds => (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>What both clocks show.</summary>
    public Moment Now => Moment.Of(Time);

    /// <summary>Whether this silo is a member of its cluster; null where there is none.</summary>
    public ISiloMembership? Membership { get; init; }

    /// <summary>Where a topic is kept.</summary>
    public IMessageStore StoreOf(string topic) => EphemeralName.Matches(topic) ? Ephemeral : Durable;

    /// <summary>To be asked before anything is opened, which takes it from whoever has it.</summary>
    /// <exception cref="FencedException">The others have put this silo out: what it opens it would take from those who go on.</exception>
    public async ValueTask EnsureMemberAsync()
    {
        if (Membership is { } membership && !await membership.IsMemberAsync())
            throw new FencedException("the other silos have taken this one for dead, so it opens nothing; ask again");
    }
}
