using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>What a publishing connection tells of itself while it works.</summary>
public interface IProducing
{
    /// <summary>Messages that the server has acknowledged.</summary>
    long Acknowledged { get; }

    /// <summary>Whether every publish has its answer.</summary>
    bool IsQuiet { get; }

    /// <summary>When the last answer came.</summary>
    long LastAnswerAt { get; }

    /// <summary>From the moment each publish was meant to be sent until its answer.</summary>
    LatencyHistogram Answers { get; }

    /// <summary>How late each publish was sent, on a schedule: the generator's own share of the latency.</summary>
    LatencyHistogram Delays { get; }
}
