using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>A consumer of a channel: its credit and its figures.</summary>
public sealed class Consumer
{
    private const int MaxName = 256;

    /// <summary>Makes one from what its gateway says.</summary>
    public Consumer(AttachedGateway gateway, ConsumerAttachment attachment)
    {
        Gateway = gateway;
        Number = attachment.Consumer;
        _ownTimeout = MessageTimeout = attachment.MessageTimeout;
        _hasDefaultTimeout = attachment.HasDefaultTimeout;
        SampleRate = attachment.SampleRate;
        Proximity = attachment.Proximity;
        Ready = attachment.Ready;
        Sent = Received = attachment.Received ?? 0;
        Limit = Sent + attachment.Window;
        StatesCredit = attachment.Received is not null;
        Address = Cut(attachment.Address);
        ClientId = Cut(attachment.ClientId);
    }

    /// <summary>The client's address and port; empty when it is not known.</summary>
    public string Address { get; }

    /// <summary>The client's id; empty when it is not known.</summary>
    public string ClientId { get; }

    /// <summary>Where it is connected.</summary>
    public AttachedGateway Gateway { get; }

    /// <summary>Its number within the gateway.</summary>
    public int Number { get; }

    /// <summary>Message timeout in milliseconds: what the client asked for, else what the channel's policy says, else its gateway's default.</summary>
    public int MessageTimeout { get; private set; }

    /// <summary>0, or 1 to 99 (spec 1.10).</summary>
    public int SampleRate { get; }

    /// <summary>How near it is.</summary>
    public Proximity Proximity { get; }

    /// <summary>RDY: ceiling of messages in flight.</summary>
    public int Ready { get; set; }

    /// <summary>Body bytes that may yet be sent; a message is sent whole when this is above 0.</summary>
    public long Window => Limit - Sent;

    /// <summary>Position of the consumer's stream: all body bytes that were ever sent to it.</summary>
    public long Sent { get; set; }

    /// <summary>Position up to which everything sent has reached the gateway, or is known to be lost.</summary>
    public long Received { get; private set; }

    /// <summary>Position up to which may be sent.</summary>
    public long Limit { get; private set; }

    /// <summary>Whether its gateway states credit by positions; an older one only says how much the window grows.</summary>
    public bool StatesCredit { get; }

    /// <summary>Messages out with it.</summary>
    public int InFlight { get; set; }

    /// <summary>Messages delivered to it.</summary>
    public long Delivered { get; set; }

    /// <summary>FINs.</summary>
    public long Finished { get; set; }

    /// <summary>REQs.</summary>
    public long Requeued { get; set; }

    /// <summary>Whether it has left; its messages in flight wait for their timeouts.</summary>
    public bool Detached { get; set; }

    /// <summary>Goes by a timeout of the channel's policy from now on, if the client asked for none.</summary>
    /// <param name="timeout">Milliseconds; 0 for the default of its gateway.</param>
    public void FollowTimeout(int timeout) => MessageTimeout = _hasDefaultTimeout && timeout > 0 ? timeout : _ownTimeout;

    /// <summary>The gateway has received all up to a position, and takes so many bytes beyond it.</summary>
    public void SetCredit(long received, long window)
    {
        // What was given up as lost beyond what the gateway has seen stays given up.
        Received = Math.Max(Received, Math.Min(received, Sent));
        Limit = Received + window;
    }

    /// <summary>The gateway takes so many bytes more.</summary>
    public void GrowWindow(long bytes) => Limit += bytes;

    /// <summary>
    /// What was sent up to a position is no longer out with it: unless the gateway has stated that it came, it was lost on its way, and takes no
    /// room. Should it have come all the same, the gateway's next statement puts that right.
    /// </summary>
    public void GiveUp(long position)
    {
        if (!StatesCredit || position <= Received)
            return;
        Limit += position - Received;
        Received = position;
    }

    /// <summary>Its figures.</summary>
    public ConsumerStats Describe() => new()
    {
        Gateway = Gateway.Id,
        Consumer = Number,
        Ready = Ready,
        InFlight = InFlight,
        Delivered = Delivered,
        Finished = Finished,
        Requeued = Requeued,
    };

    /// <summary>Messages that may be sent to it now, by RDY alone; 0 when the window is shut.</summary>
    public int Credit => Window > 0 ? Math.Max(0, Ready - InFlight) : 0;

    /// <summary>Its place among those that can take messages; null while it is not among them.</summary>
    internal LinkedListNode<Consumer>? Waiting { get; set; }

    /// <summary>Kept for its place in the list, so that joining and leaving it allocates nothing.</summary>
    internal LinkedListNode<Consumer> Node => _node ??= new LinkedListNode<Consumer>(this);

    private readonly int _ownTimeout;
    private readonly bool _hasDefaultTimeout;
    private LinkedListNode<Consumer>? _node;

    // They go with each dead letter, and a client may call itself what it likes.
    private static string Cut(string? text) => text is null ? "" : text[..Math.Min(text.Length, MaxName)];
}
