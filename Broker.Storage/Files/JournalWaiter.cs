namespace Broker.Storage.Files;

/// <summary>Somebody who waits until what was noted is written, and synced if need be.</summary>
internal sealed class JournalWaiter(bool needsSync)
{
    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool NeedsSync => needsSync;

    public Task Task => _source.Task;

    public void Complete() => _source.TrySetResult();

    public void Fail(StoreException e) => _source.TrySetException(e);
}
