using Broker.Protocol;

namespace Broker.Client;

/// <summary>What a consumer receives, from where, how much and how fast. Read once, when the consumer is made.</summary>
public sealed class NsqConsumerOptions : NsqClientOptions
{
    /// <summary>Topic to receive from: 1 to 64 of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; may end in <c>#ephemeral</c>. Required.</summary>
    public string Topic { get; set; } = "";

    /// <summary>Channel of the topic, named like a topic: consumers of the same channel share its messages. Required.</summary>
    public string Channel { get; set; } = "";

    /// <summary>Servers to connect to, as host:port. At least one of these or of <see cref="LookupAddresses"/> is required.</summary>
    public IList<string> Addresses { get; init; } = [];

    /// <summary>
    /// Lookup services (nsqlookupd) that know which servers have the topic, as host:port of their HTTP side or as a URL,
    /// whose path and query are kept.
    /// </summary>
    public IList<string> LookupAddresses { get; init; } = [];

    /// <summary>
    /// Messages that may be in flight, over all connections: received and not answered. 10 by default. All of them must be
    /// handled within the message timeout.
    /// </summary>
    public int MaxInFlight { get; set; } = 10;

    /// <summary>Handlers that run at the same time. 1 by default.</summary>
    public int Concurrency { get; set; } = 1;

    /// <summary>Whether a message is finished when its handler returns and requeued when it throws. On by default.</summary>
    public bool AutoRespond { get; set; } = true;

    /// <summary>Deliveries after which a message is given up (0 to 65535); 0 for never. 5 by default.</summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>How long the server waits for a message's answer before it delivers it again; null for the server's default (60 s).</summary>
    public TimeSpan? MessageTimeout { get; set; }

    /// <summary>Delay of a requeue after a failure, times the message's attempts. 90 s by default.</summary>
    public TimeSpan RequeueDelay { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>Greatest delay of a requeue after a failure. 15 minutes by default.</summary>
    public TimeSpan MaxRequeueDelay { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How pauses after failures grow, where <see cref="MaxBackoff"/> asks for them. Exponential by default.</summary>
    public NsqBackoffStrategy BackoffStrategy { get; set; }

    /// <summary>Unit of the pauses after failures: the first one is twice this. 1 s by default.</summary>
    public TimeSpan BackoffMultiplier { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Greatest pause after failures. Zero by default: a failed message is requeued, and the others go on. Above zero the consumer backs off as NSQ's own
    /// clients do (theirs is 2 minutes): after a failure it receives nothing for a while, then one message at a time until they succeed again. Ask for it where a
    /// failure mostly means that all would fail, such as a database that is away.
    /// </summary>
    public TimeSpan MaxBackoff { get; set; }

    /// <summary>How often lookup services are asked, and the greatest wait before connecting again. 60 s by default.</summary>
    public TimeSpan LookupInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Share of <see cref="LookupInterval"/> (0 to 1) that a random first wait may add, to spread consumers. 0.3 by default.</summary>
    public double LookupJitter { get; set; } = 0.3;

    /// <summary>How long a lookup service may take to answer. 10 s by default.</summary>
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether <see cref="NsqClientOptions.AuthSecret"/> is sent to lookup services too, as a bearer token. Off by default.</summary>
    public bool AuthorizeLookups { get; set; }

    /// <summary>
    /// With more connections than <see cref="MaxInFlight"/>: how long one that may receive and gets nothing keeps that right.
    /// 10 s by default.
    /// </summary>
    public TimeSpan IdleReadyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>With more connections than <see cref="MaxInFlight"/>: how long any keeps the right to receive. 30 s by default.</summary>
    public TimeSpan ReadyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the right to receive moves between connections. 5 s by default.</summary>
    public TimeSpan RedistributeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Share of the messages to receive, in percent (1 to 99), the rest being discarded; 0 (the default) for all.</summary>
    public int SampleRate { get; set; }

    /// <summary>Bytes the server gathers before it sends messages (64 to 65536); null for its default (16384).</summary>
    public int? OutputBufferSize { get; set; }

    /// <summary>How long the server may hold gathered messages (25 ms to 30 s); null for its default (250 ms).</summary>
    public TimeSpan? OutputBufferTimeout { get; set; }

    /// <summary>How long stopping waits for messages in flight before it goes on without them. 30 s by default.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    internal override void Validate()
    {
        base.Validate();
        Require(NsqName.IsValid(Topic), nameof(Topic), $"\"{Topic}\" is no valid name");
        Require(NsqName.IsValid(Channel), nameof(Channel), $"\"{Channel}\" is no valid name");
        Require(Addresses.Count + LookupAddresses.Count > 0, nameof(Addresses), $"and {nameof(LookupAddresses)} are both empty");
        RequireAddresses(Addresses);
        foreach (string lookup in LookupAddresses) _ = LookupClient.QueryFor(lookup, Topic);
        Require(MaxInFlight > 0, nameof(MaxInFlight), "must be positive");
        Require(Concurrency > 0, nameof(Concurrency), "must be positive");
        Require(MaxAttempts is >= 0 and <= ushort.MaxValue, nameof(MaxAttempts), "must be 0 to 65535");
        Require(MessageTimeout is null || MessageTimeout >= TimeSpan.FromSeconds(1), nameof(MessageTimeout), "must be at least 1 s");
        Require(RequeueDelay >= TimeSpan.Zero, nameof(RequeueDelay), "must not be negative");
        Require(MaxRequeueDelay >= TimeSpan.Zero, nameof(MaxRequeueDelay), "must not be negative");
        Require(BackoffMultiplier >= TimeSpan.Zero, nameof(BackoffMultiplier), "must not be negative");
        Require(MaxBackoff >= TimeSpan.Zero, nameof(MaxBackoff), "must not be negative");
        Require(LookupInterval >= TimeSpan.FromMilliseconds(10), nameof(LookupInterval), "must be at least 10 ms");
        Require(LookupJitter is >= 0 and <= 1, nameof(LookupJitter), "must be 0 to 1");
        Require(LookupTimeout > TimeSpan.Zero, nameof(LookupTimeout), "must be positive");
        Require(RedistributeInterval > TimeSpan.Zero, nameof(RedistributeInterval), "must be positive");
        Require(SampleRate is >= 0 and <= 99, nameof(SampleRate), "must be 0 to 99");
        Require(StopTimeout >= TimeSpan.Zero, nameof(StopTimeout), "must not be negative");
    }

    internal TimeSpan RequeueDelayOf(int attempts)
    {
        // In double: 65535 attempts times an hour is more than a TimeSpan multiplication should be trusted with.
        double delay = RequeueDelay.TotalMilliseconds * attempts;
        return delay < MaxRequeueDelay.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Floor(delay)) : MaxRequeueDelay;
    }
}
