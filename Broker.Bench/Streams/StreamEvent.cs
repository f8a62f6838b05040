using Orleans;

namespace Broker.Bench.Streams;

/// <summary>An event of a run.</summary>
/// <param name="Phase">Which part of the run it is of.</param>
/// <param name="Stream">Number of its stream.</param>
/// <param name="Number">Its place in stream and phase, from 0 on.</param>
/// <param name="SentAt">When it was produced, by <see cref="Measuring.MonotonicClock"/>.</param>
/// <param name="Body">What makes it as large as an event is.</param>
[GenerateSerializer, Immutable]
internal sealed record StreamEvent(
    [property: Id(0)] int Phase,
    [property: Id(1)] int Stream,
    [property: Id(2)] int Number,
    [property: Id(3)] long SentAt,
    [property: Id(4)] byte[] Body);
