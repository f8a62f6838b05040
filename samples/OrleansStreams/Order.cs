namespace Samples.OrleansStreams;

/// <summary>An event.</summary>
[GenerateSerializer]
[Alias("Samples.OrleansStreams.Order")]
internal sealed record Order([property: Id(0)] string Item);
