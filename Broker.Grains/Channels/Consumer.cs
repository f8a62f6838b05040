using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>A consumer of a channel: its credit and its figures.</summary>
public sealed class Consumer
{
    /// <summary>Makes one from what its gateway says.</summary>
    public Consumer(AttachedGateway gateway, ConsumerAttachment attachment)
    {
        Gateway = gateway;
        Number = attachment.Consumer;
        MessageTimeout = attachment.MessageTimeout;
        SampleRate = attachment.SampleRate;
        Proximity = attachment.Proximity;
        Ready = attachment.Ready;
        Window = attachment.Window;
    }

    /// <summary>Where it is connected.</summary>
    public AttachedGateway Gateway { get; }

    /// <summary>Its number within the gateway.</summary>
    public int Number { get; }

    /// <summary>Message timeout in milliseconds.</summary>
    public int MessageTimeout { get; }

    /// <summary>0, or 1 to 99 (spec 1.10).</summary>
    public int SampleRate { get; }

    /// <summary>How near it is.</summary>
    public Proximity Proximity { get; }

    /// <summary>RDY: ceiling of messages in flight.</summary>
    public int Ready { get; set; }

    /// <summary>Body bytes that may yet be sent; a message is sent whole when this is above 0.</summary>
    public long Window { get; set; }

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

    /// <summary>Messages that may be sent to it now, by RDY alone; 0 when the window is shut.</summary>
    public int Credit => Window > 0 ? Math.Max(0, Ready - InFlight) : 0;

    /// <summary>Its place among those that can take messages; null while it is not among them.</summary>
    internal LinkedListNode<Consumer>? Waiting { get; set; }

    /// <summary>Kept for its place in the list, so that joining and leaving it allocates nothing.</summary>
    internal LinkedListNode<Consumer> Node => _node ??= new LinkedListNode<Consumer>(this);

    private LinkedListNode<Consumer>? _node;
}
