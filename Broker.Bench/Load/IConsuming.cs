using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>What a consuming connection tells of itself while it works.</summary>
public interface IConsuming
{
    /// <summary>Messages taken.</summary>
    long Messages { get; }

    /// <summary>Bytes of their bodies.</summary>
    long Bytes { get; }

    /// <summary>Messages that had been delivered before.</summary>
    long Redelivered { get; }

    /// <summary>Acknowledgements that the server refused.</summary>
    long Failed { get; }

    /// <summary>When the last message came.</summary>
    long LastMessageAt { get; }

    /// <summary>From the moment each stamped message was meant to be sent until it was here.</summary>
    LatencyHistogram Deliveries { get; }
}
