using Broker.Storage;
using Broker.Storage.Memory;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A store that never fails and outlives its grains.</summary>
internal sealed class MemoryStoreUnderTest : ISimulatedStore
{
    private readonly MemoryMessageStore _store = new();

    public ValueTask<IMessageStore> OpenAsync(SeededScheduler scheduler, TimeProvider time) => new(_store);

    public TimeSpan Crash(Random random) => throw new NotSupportedException("messages in memory do not survive their process");

    public void Disturb(Random random) => throw new NotSupportedException("memory does not fail");

    public void Heal()
    {
    }
}
