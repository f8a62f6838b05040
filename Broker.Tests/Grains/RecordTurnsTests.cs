using Broker.Grains.Topics;

namespace Broker.Tests.Grains;

public sealed class RecordTurnsTests
{
    [Fact]
    public async Task One_turn_follows_the_other_in_the_order_in_which_they_were_asked_for()
    {
        RecordTurns turns = new();
        IDisposable first = await turns.NextAsync();
        Task<IDisposable> second = turns.NextAsync().AsTask();
        Task<IDisposable> third = turns.NextAsync().AsTask();
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(60))).Dispose();
        (await third.WaitAsync(TimeSpan.FromSeconds(60))).Dispose();
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_turn()
    {
        RecordTurns turns = new();
        IDisposable first = await turns.NextAsync();
        using CancellationTokenSource impatience = new();
        Task<IDisposable> second = turns.NextAsync(impatience.Token).AsTask();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();
        Assert.True(turns.NextAsync().IsCompletedSuccessfully);
    }
}
