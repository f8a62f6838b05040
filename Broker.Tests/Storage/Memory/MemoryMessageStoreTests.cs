using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Tests.Simulation;

namespace Broker.Tests.Storage.Memory;

/// <summary>The store in memory keeps what every store promises.</summary>
public sealed class MemoryMessageStoreTests : StoreContract
{
    /// <summary>Invariant 7: nothing of an earlier generation is accepted, not even one that went with another process.</summary>
    [Fact]
    public async Task A_topic_that_went_with_another_process_gets_a_greater_generation_when_it_is_made_again()
    {
        VirtualTimeProvider clock = new(new DateTimeOffset(2026, 11, 27, 0, 0, 0, TimeSpan.Zero));
        MemoryMessageStore lost = new(clock);
        int last = 0;
        for (int i = 0; i < 5; i++)
        {
            ITopicLog log = (await lost.OpenTopicAsync("t", create: true))!;
            Assert.InRange(log.Generation, last + 1, int.MaxValue);
            last = log.Generation;
            await log.DeleteAsync();
        }

        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange((await new MemoryMessageStore(clock).OpenTopicAsync("t", create: true))!.Generation, last + 1, int.MaxValue);
    }

    protected override ValueTask<IMessageStore> OpenStoreAsync() => new(new MemoryMessageStore());
}
