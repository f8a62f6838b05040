using Broker.Client;
using Broker.Orleans.Streaming.Envelopes;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>A message that was received and is not answered yet.</summary>
internal sealed class HeldMessage(MessageKey key, NsqMessage delivery)
{
    private readonly Lock _gate = new();
    private NsqMessage _delivery = delivery;

    public MessageKey Key => key;

    /// <summary>Its last delivery: the one to answer.</summary>
    public NsqMessage Delivery
    {
        get
        {
            lock (_gate) return _delivery;
        }

        set
        {
            lock (_gate) _delivery = value;
        }
    }

    /// <summary>Its events, once they were read.</summary>
    public EventBatch? Events { get; set; }

    /// <summary>Whether a subscription failed to handle it.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Cursors that are at it. Owned by its line.</summary>
    public int Holders { get; set; }

    /// <summary>Whether each subscription is past it. Owned by its line.</summary>
    public bool IsPassed { get; set; }

    /// <summary>The next one of its stream. Owned by its line.</summary>
    public HeldMessage? Next { get; set; }
}
