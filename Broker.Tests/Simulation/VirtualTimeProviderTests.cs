namespace Broker.Tests.Simulation;

public sealed class VirtualTimeProviderTests
{
    private readonly VirtualTimeProvider _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Time_passes_only_when_told()
    {
        DateTimeOffset before = _time.GetUtcNow();
        long stamp = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromDays(100));
        Assert.Equal(before + TimeSpan.FromDays(100), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromDays(100), _time.GetElapsedTime(stamp));
    }

    [Fact]
    public void Timers_fire_in_order_of_time_and_then_in_the_order_in_which_they_were_set()
    {
        Set("late", 2);
        Set("first", 1);
        Set("second", 1);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["first at 1", "second at 1", "late at 2"], _fired);
        Assert.Null(_time.UntilNextTimer);
    }

    [Fact]
    public void A_timer_repeats_can_be_changed_and_can_be_disposed_of()
    {
        ITimer timer = Set("tick", 1, 2);
        Assert.Equal(TimeSpan.FromSeconds(1), _time.UntilNextTimer);
        _time.Advance(TimeSpan.FromSeconds(4));
        timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(9));
        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Dispose();
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(["tick at 1", "tick at 3", "tick at 9"], _fired);
    }

    [Fact]
    public void A_timer_that_is_set_while_another_fires_fires_in_the_same_advance()
    {
        using ITimer outer = _time.CreateTimer(_ => Set("inner", 1), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["inner at 2"], _fired);
    }

    private ITimer Set(string name, double due, double? period = null) => _time.CreateTimer(
        _ => _fired.Add($"{name} at {_time.Elapsed.TotalSeconds}"),
        null,
        TimeSpan.FromSeconds(due),
        period is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
}
