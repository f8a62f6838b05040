namespace Broker.Bench.Streams;

/// <summary>What was measured of a provider.</summary>
/// <param name="Provider">Which one.</param>
/// <param name="SinglesPerSecond">Events a second, each produced by itself.</param>
/// <param name="BatchedPerSecond">Events a second, produced in batches.</param>
/// <param name="P50">Median of the time from OnNextAsync to the handler at a low rate, in milliseconds.</param>
/// <param name="P99">What 99 of 100 events took at most, in milliseconds.</param>
/// <param name="IdlePercent">Processor time of silos and server while nothing happens, in percent of one processor.</param>
/// <param name="Acknowledged">Events whose OnNextAsync succeeded while a silo was killed.</param>
/// <param name="Lost">Those of them that were never handled.</param>
/// <param name="Repeated">Those that were handled more than once.</param>
/// <param name="Unhandled">Events of the other measurements that were not handled.</param>
internal sealed record StreamFigures(
    StreamProviderKind Provider,
    double SinglesPerSecond,
    double BatchedPerSecond,
    double P50,
    double P99,
    double IdlePercent,
    int Acknowledged,
    int Lost,
    int Repeated,
    int Unhandled);
