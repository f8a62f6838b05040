using Broker.Grains.Channels;
using Broker.Policies;

namespace Broker.Tests.Grains;

public sealed class RetriesTests
{
    private readonly Retries _retries = new(new Random(1));

    [Fact]
    public void Without_a_policy_there_is_always_a_next_attempt_at_once()
    {
        _retries.Follow(ChannelPolicy.None);
        foreach (ushort attempts in (ushort[])[1, 1000, ushort.MaxValue])
            Assert.Equal((false, 0), (_retries.GivesUp(attempts), _retries.DelayAfter(attempts)));
        _retries.Follow(ChannelPolicy.Default);
        Assert.Equal((false, 0), (_retries.GivesUp(ushort.MaxValue), _retries.DelayAfter(ushort.MaxValue)));
    }

    [Fact]
    public void The_last_attempt_is_the_last()
    {
        _retries.Follow(new ChannelPolicy { MaxAttempts = 3 });
        Assert.Equal((false, true, true), (_retries.GivesUp(2), _retries.GivesUp(3), _retries.GivesUp(4)));
        _retries.Follow(new ChannelPolicy { MaxAttempts = ushort.MaxValue });
        Assert.Equal((false, true), (_retries.GivesUp(ushort.MaxValue - 1), _retries.GivesUp(ushort.MaxValue)));
    }

    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 3000)]
    [InlineData(3, 9000)]
    [InlineData(4, 20_000)]
    [InlineData(ushort.MaxValue, 20_000)]
    public void Delays_grow_by_the_factor_up_to_the_most_and_are_spread(ushort attempts, long most)
    {
        _retries.Follow(new ChannelPolicy { RetryDelay = new RetryDelay(1000, 3, 20_000) });
        long[] delays = [.. Enumerable.Range(0, 1000).Select(_ => _retries.DelayAfter(attempts))];
        Assert.All(delays, delay => Assert.InRange(delay, most * 8 / 10, most));
        Assert.True(delays.Distinct().Count() > 100);
    }
}
