using Broker.Channels;
using Broker.Gateways;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>A channel that is open: one incarnation with its queue, its gateways and where its messages and progress are kept.</summary>
public sealed class OpenChannel
{
    /// <summary>Which making of the channel this is.</summary>
    public required long Incarnation { get; init; }

    /// <summary>First offset that belongs to it.</summary>
    public required long Start { get; init; }

    /// <summary>Shared part of the message ids.</summary>
    public required ulong IdPrefix { get; init; }

    /// <summary>The queue.</summary>
    public required ChannelQueue Queue { get; init; }

    /// <summary>The topic's log; null for a channel that owns its bodies.</summary>
    public required ITopicReader? Reader { get; init; }

    /// <summary>What survives a restart; null for a channel that owns its bodies.</summary>
    public required IChannelProgress? Progress { get; init; }

    /// <summary>Before this (milliseconds of the steady clock) nothing is delivered, so that gateways can hand over what is in flight.</summary>
    public long HeldUntil { get; set; }

    /// <summary>
    /// By then (milliseconds of the steady clock) an ephemeral channel that was open before must have consumers again, or it goes;
    /// <see cref="long.MaxValue"/> for other channels.
    /// </summary>
    public long AttachedBy { get; set; } = long.MaxValue;

    /// <summary>The gateways that have consumers here, by id.</summary>
    public SortedDictionary<string, AttachedGateway> Gateways { get; } = new(StringComparer.Ordinal);

    /// <summary>All joined consumers.</summary>
    public IEnumerable<Consumer> Consumers => Gateways.Values.SelectMany(gateway => gateway.Consumers.Values);

    /// <summary>Number of joined consumers.</summary>
    public int ConsumerCount => Gateways.Values.Sum(gateway => gateway.Consumers.Count);

    /// <summary>Whether a read of the log is under way.</summary>
    public bool Reading { get; set; }

    /// <summary>Whether messages that were given up are being moved into the store.</summary>
    public bool Burying { get; set; }

    /// <summary>Whoever changes dead letters has it meanwhile.</summary>
    public SemaphoreSlim DeadTurns { get; } = new(1, 1);

    /// <summary>Whether an ephemeral channel has had its last consumer leave and is being deleted.</summary>
    public bool Leaving { get; set; }

    /// <summary>All below is finished, and durably so.</summary>
    public long DurableFloor => Progress is { } progress ? Math.Max(progress.DurableFloor, Start) : Queue.End;

    /// <summary>How often the topic has said what is to hold from now on.</summary>
    public int Changes { get; private set; }

    /// <summary>The topic says whether the channel is paused.</summary>
    public void Pause(bool paused)
    {
        Changes++;
        Queue.Paused = paused;
    }

    /// <summary>The topic says which policy holds.</summary>
    public void Follow(ChannelPolicy policy)
    {
        Changes++;
        Queue.Policy = policy;
        foreach (Consumer consumer in Consumers)
            consumer.FollowTimeout(Queue.MessageTimeout);
    }

    /// <summary>Completes when what is dying now is dead, or when that is tried again later.</summary>
    public async Task BuriedAsync()
    {
        long condemned = Queue.Condemned;
        while (Burying && Queue.Condemned - Queue.Dying.Count < condemned)
        {
            // Its turn ends with every few that are buried.
            await DeadTurns.WaitAsync();
            DeadTurns.Release();
        }
    }

    /// <summary>The topic says something else that a report sent before knows nothing of.</summary>
    public void NoteChange() => Changes++;

    /// <summary>This process stood still: what its gateways have sent meanwhile was not heard.</summary>
    /// <param name="late">For how long, in milliseconds.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    public void AllowFor(long late, long now)
    {
        foreach (AttachedGateway gateway in Gateways.Values)
            gateway.LastHeard = Math.Min(now, gateway.LastHeard + late);
        if (AttachedBy < long.MaxValue)
            AttachedBy += late;
    }

    /// <summary>Hands what the queue wants remembered to its progress.</summary>
    public void WriteNotes()
    {
        Queue.CompleteNotes();
        List<ProgressEntry> notes = Queue.Notes;
        if (Progress is { } progress)
        {
            foreach (ProgressEntry note in notes)
                progress.Note(note);
        }

        notes.Clear();
    }

    /// <summary>Sends each gateway what was dispatched to its consumers.</summary>
    /// <param name="key">The channel's key.</param>
    public void SendOutgoing(string key)
    {
        List<AttachedGateway> outgoing = Queue.Outgoing;
        foreach (AttachedGateway gateway in outgoing)
        {
            Delivery delivery = new()
            {
                ChannelKey = key,
                Incarnation = Incarnation,
                Runs = gateway.Outbox.ToArray(),
                MessageTimeout = Queue.MessageTimeout,
            };
            gateway.Outbox.Clear();
            gateway.Observer.Deliver(delivery);
        }

        outgoing.Clear();
    }

    /// <summary>The channel's figures.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ownsBodies">Whether its bodies are all in memory.</param>
    /// <param name="includeConsumers">Whether each consumer is described.</param>
    /// <param name="nanoseconds">The time, in nanoseconds since the Unix epoch.</param>
    public ChannelStats Describe(string name, bool ownsBodies, bool includeConsumers, long nanoseconds) => new()
    {
        Channel = name,
        Depth = Queue.Depth,
        BackendDepth = ownsBodies ? 0 : Queue.BackendDepth,
        InFlight = Queue.InFlight,
        Deferred = Queue.Deferred,
        MessageCount = Queue.Books.Messages,
        Requeued = Queue.Books.Requeues,
        TimedOut = Queue.Books.Timeouts,
        Finished = Queue.Books.Finished,
        Discarded = Queue.Books.DiscardedInAll,
        DiscardedByCause = [.. Queue.Books.Discarded],
        StartedWith = Queue.Books.StartedWith,
        Delivered = Queue.Books.Deliveries,
        Deferrals = Queue.Books.Deferrals,
        Dead = Queue.Dead,
        DeadBytes = Queue.Letters.Bytes,
        DiedByCause = [.. Queue.Books.Died],
        Latency = Queue.RecentLatencies?.Read(nanoseconds),
        ZoneLocal = Queue.Books.DeliveriesByProximity[(int)Proximity.Zone],
        RegionLocal = Queue.Books.DeliveriesByProximity[(int)Proximity.Region],
        Global = Queue.Books.DeliveriesByProximity[(int)Proximity.Global],
        ConsumerCount = ConsumerCount,
        Paused = Queue.Paused,
        Consumers = includeConsumers ? [.. Consumers.Select(static consumer => consumer.Describe())] : null,
    };
}
