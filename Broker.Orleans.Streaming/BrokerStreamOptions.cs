using Broker.Client;

namespace Broker.Orleans.Streaming;

/// <summary>
/// Where the queues of a stream provider are and how it uses them. Keys of the section <c>Orleans:Streaming:&lt;provider&gt;</c> are the
/// names of these properties.
/// </summary>
public sealed class BrokerStreamOptions
{
    /// <summary>
    /// Servers to publish to and to receive from, as host:port. Publishing uses one at a time, the next one when it fails; all are
    /// received from. Order within a stream holds for what comes through one of them.
    /// </summary>
    public IList<string> Addresses { get; set; } = [];

    /// <summary>
    /// Lookup services (nsqlookupd) that know further servers to receive from, as host:port or URL. Without <see cref="Addresses"/>
    /// the provider only receives.
    /// </summary>
    public IList<string> LookupAddresses { get; set; } = [];

    /// <summary>
    /// What the topics' names begin with: the queues are <c>&lt;prefix&gt;.0</c>, <c>&lt;prefix&gt;.1</c> and so on. Null for the provider's name.
    /// </summary>
    public string? TopicPrefix { get; set; }

    /// <summary>Channel that the silos of this cluster share; null for the cluster's service id.</summary>
    public string? Channel { get; set; }

    /// <summary>
    /// Queues that streams are spread over, 1 to 4096. All silos and clients have the same number; 8 by default. To change it see
    /// <see cref="FormerQueueCount"/>.
    /// </summary>
    public int QueueCount { get; set; } = 8;

    /// <summary>
    /// The greatest number of queues that were ever in use, when that is more than <see cref="QueueCount"/>: those above it are still
    /// received from, and get nothing new. A silo whose numbers would leave a queue without a reader does not receive, and says so.
    /// </summary>
    public int FormerQueueCount { get; set; }

    /// <summary>How events are written: <see cref="StreamBodyFormat.Orleans"/> (the default) or <see cref="StreamBodyFormat.Json"/>. Both are read always.</summary>
    public StreamBodyFormat Format { get; set; }

    /// <summary>
    /// Messages of a queue that a silo holds at most, those being handled included (the RDY of its subscription); 1 to 2500, which is what
    /// servers take by default. 1024 by default.
    /// </summary>
    public int CacheSize { get; set; } = 1024;

    /// <summary>
    /// How long the server waits for the answer to a message before it gives it to another silo: at least 1 s. It is asked for more while
    /// the message waits here. Null for the server's default (60 s).
    /// </summary>
    public TimeSpan? MessageTimeout { get; set; }

    /// <summary>How long a publish may take, connecting included, before <c>OnNextAsync</c> fails. 10 s by default.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What becomes of failed events. <see cref="FailedEventPolicy.DeadLetter"/> by default.</summary>
    public FailedEventPolicy FailedEvents { get; set; }

    /// <summary>Topic of the dead letters; null for <c>&lt;prefix&gt;.dead</c>.</summary>
    public string? DeadLetterTopic { get; set; }

    /// <summary>
    /// With <see cref="FailedEventPolicy.Requeue"/>: deliveries by the server after which a failed event is a dead letter; 0 for no
    /// limit. 5 by default.
    /// </summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>With <see cref="FailedEventPolicy.Requeue"/>: how long until a failed event comes again. 30 s by default.</summary>
    public TimeSpan RequeueDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether an explicit subscription that failed to handle an event is ended (Orleans' faulted subscription). Off by default: it
    /// goes on with the next event.
    /// </summary>
    public bool FaultSubscriptionOnError { get; set; }

    /// <summary>Encrypts connections; null (the default) for plain ones.</summary>
    public NsqTlsOptions? Tls { get; set; }

    /// <summary>Secret to log in with, where the server wants one; null for none.</summary>
    public string? AuthSecret { get; set; }

    /// <summary>Compresses connections where the server can. None by default.</summary>
    public NsqCompression Compression { get; set; }

    /// <summary>Topics of other programs that are streams here.</summary>
    public IList<BrokerTopicStream> Topics { get; set; } = [];
}
