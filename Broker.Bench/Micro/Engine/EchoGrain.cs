using Orleans;

namespace Broker.Bench.Micro;

/// <summary>A grain that does nothing.</summary>
public sealed class EchoGrain : Grain, IEchoGrain
{
    /// <inheritdoc/>
    public ValueTask<int> EchoAsync(int number) => new(number);

    /// <inheritdoc/>
    public async ValueTask<int> EchoLaterAsync(int number)
    {
        await Task.Yield();
        return number;
    }
}
