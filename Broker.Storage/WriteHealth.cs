namespace Broker.Storage;

/// <summary>Whether the store can write.</summary>
internal sealed class WriteHealth
{
    private volatile string? _failure;

    /// <summary>The last failure that no later success has healed; null when all is well.</summary>
    public string? Failure => _failure;

    public void Fail(StoreException e) => _failure = e.Message;

    public void Heal()
    {
        if (_failure is not null)
            _failure = null;
    }
}
