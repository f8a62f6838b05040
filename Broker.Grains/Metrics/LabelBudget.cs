namespace Broker.Grains.Metrics;

/// <summary>How many topics and channels may have series of their own.</summary>
/// <param name="limit">The greatest number.</param>
public sealed class LabelBudget(int limit)
{
    private int _taken;
    private int _refused;

    /// <summary>Topics and channels that are there now and were refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Takes one; false when there is none left.</summary>
    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= limit)
            return true;
        Interlocked.Decrement(ref _taken);
        Interlocked.Increment(ref _refused);
        return false;
    }

    /// <summary>Gives back what <see cref="TryTake"/> has answered.</summary>
    public void Return(bool taken)
    {
        if (taken)
            Interlocked.Decrement(ref _taken);
        else
            Interlocked.Decrement(ref _refused);
    }
}
