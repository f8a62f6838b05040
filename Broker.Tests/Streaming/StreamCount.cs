namespace Broker.Tests.Streaming;

/// <summary>Events that are produced while something happens, and counted after it.</summary>
/// <param name="cluster">Where.</param>
/// <param name="name">What the streams' keys begin with.</param>
/// <param name="events">About how many.</param>
public sealed class StreamCount(StreamCluster cluster, string name, int events)
{
    private const int Streams = 8;

    // For each thousand of events, so that a campaign on a busy machine may take its time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly int _each = events / Streams;

    private TimeSpan Longest => TimeSpan.FromSeconds(100) + (Patience * events / 1000);

    public Task ProduceAsync() => Task.WhenAll(Enumerable.Range(0, Streams).Select(i => cluster.ProduceAsync(ImplicitListenerGrain.Namespace, KeyOf(i), 0, _each)));

    /// <summary>Waits until a share of all came.</summary>
    public Task SomeCameAsync(double share = 1.0 / 32) => cluster.Record.WaitUntilAsync(
        () => Enumerable.Range(0, Streams).Sum(i => cluster.Record.CountOf($"implicit/{KeyOf(i)}")) >= share * _each * Streams, () => "hardly any came", Longest);

    /// <summary>Waits until all came and are answered, and tells what came twice.</summary>
    public async Task<string> NoneIsMissingAsync()
    {
        int twice = 0;
        for (int i = 0; i < Streams; i++) twice += await cluster.Record.WaitForAllAsync($"implicit/{KeyOf(i)}", _each, Longest);
        await cluster.WaitUntilNothingIsHeldAsync();
        return $"{name}: none of {_each * Streams} missing, {twice} came twice";
    }

    private string KeyOf(int stream) => $"{name}-{stream}";
}
