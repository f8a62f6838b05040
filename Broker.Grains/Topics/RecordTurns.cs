namespace Broker.Grains.Topics;

/// <summary>The turns in which a topic's record changes: one at a time, in the order in which they were asked for.</summary>
internal sealed class RecordTurns
{
    private readonly SemaphoreSlim _turns = new(1, 1);

    /// <summary>The next turn; it ends when what is given is disposed.</summary>
    public async ValueTask<IDisposable> NextAsync(CancellationToken cancellation = default)
    {
        await _turns.WaitAsync(cancellation);
        return new Turn(_turns);
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
