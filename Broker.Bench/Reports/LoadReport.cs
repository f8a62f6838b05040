using Broker.Bench.Load;
using Broker.Bench.Measuring;

namespace Broker.Bench.Reports;

/// <summary>The figures of a run.</summary>
public sealed record LoadReport
{
    public required Work Work { get; init; }
    public required string Server { get; init; }
    public required string Topic { get; init; }
    public required int Topics { get; init; }
    public required int Channels { get; init; }
    public required int Producers { get; init; }

    /// <summary>All consuming connections.</summary>
    public required int Consumers { get; init; }

    public required int Size { get; init; }
    public required int Batch { get; init; }
    public required int Pipeline { get; init; }
    public required int Rdy { get; init; }

    /// <summary>Messages a second that were scheduled; 0 for as fast as possible.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds that were measured.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether the run was ended by hand.</summary>
    public bool Interrupted { get; init; }

    public FlowReport? Published { get; init; }
    public FlowReport? Received { get; init; }

    /// <summary>How late publishes left on a schedule, by the generator's own fault or because the pipeline was full.</summary>
    public LatencySummary? SendDelay { get; init; }

    /// <summary>
    /// For publishing and consuming at once: messages received by the second until the last that was published had come.
    /// </summary>
    public double? EndToEndMessagesPerSecond { get; init; }

    /// <summary>Acknowledged messages that did not come, by the time nothing more came; null if that was not waited for.</summary>
    public long? Missing { get; init; }

    /// <summary>Messages that had been delivered before.</summary>
    public long Redelivered { get; init; }

    /// <summary>FINs that the server refused.</summary>
    public long FailedFins { get; init; }

    /// <summary>Null if the server's process is not known.</summary>
    public ProcessReport? ServerProcess { get; init; }

    public required ProcessReport Generator { get; init; }
}
