using Broker.Storage.Memory;

namespace Broker.Tests.Grains.Faults;

/// <summary>Invariant 9: due, then delivered within a bound, also where the wall clock is set forward and back; what is a duration never notices.</summary>
public sealed class ClockTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(6);

    private readonly GrainWorld _world = new(new MemoryMessageStore());

    [Fact]
    public void A_deferred_message_comes_when_the_clock_is_set_past_its_due_time()
    {
        ScriptedGateway gateway = Subscribe();
        Assert.True(_world.Defer("later", Hour).IsOk);
        _world.Scheduler.RunFor(TimeSpan.FromMinutes(1));
        _world.Time.SetWall(Hour);
        _world.Scheduler.RunFor(Bound);
        Assert.Equal(["later"], gateway.Got);
    }

    [Fact]
    public void An_hour_back_delays_neither_timeouts_nor_deferrals_of_old_and_new_messages()
    {
        ScriptedGateway gateway = Subscribe(finishes: false);
        Assert.True(_world.Publish("out").IsOk);
        Assert.True(_world.Defer("old", TimeSpan.FromSeconds(30)).IsOk);
        TimeSpan start = _world.Time.Elapsed;
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(2));
        _world.Time.SetWall(-Hour);
        Assert.True(_world.Defer("new", TimeSpan.FromSeconds(60)).IsOk);
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(80));

        TimeSpan[] outs = [.. gateway.Deliveries.Where(delivery => delivery.Body == "out").Select(delivery => delivery.At - start)];
        Assert.InRange(outs[1], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10) + Bound);
        Assert.InRange(FirstOf(gateway, "old") - start, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30) + Bound);
        Assert.InRange(FirstOf(gateway, "new") - start, TimeSpan.FromSeconds(62), TimeSpan.FromSeconds(62) + Bound);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, -1)]
    [InlineData(-1, 2)]
    public void A_clock_that_is_set_back_and_forth_moves_no_deferral_that_it_does_not_pass(int first, int second)
    {
        ScriptedGateway gateway = Subscribe();
        TimeSpan delay = TimeSpan.FromHours(3);
        Assert.True(_world.Defer("later", delay).IsOk);
        TimeSpan start = _world.Time.Elapsed;
        _world.Scheduler.RunFor(TimeSpan.FromMinutes(1));
        _world.Time.SetWall(first * Hour);
        _world.Scheduler.RunFor(TimeSpan.FromMinutes(1));
        _world.Time.SetWall(second * Hour);
        TimeSpan due = delay - Math.Max(0, first + second) * Hour;
        _world.Scheduler.RunFor(due + Bound);
        Assert.InRange(FirstOf(gateway, "later") - start, due, due + Bound);
    }

    [Fact]
    public void A_step_forward_drops_no_gateway_and_times_nothing_out()
    {
        ScriptedGateway gateway = Subscribe(finishes: false);
        Assert.True(_world.Publish("out").IsOk);
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        _world.Time.SetWall(Hour);
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(6));
        Assert.Single(gateway.Got);
        Assert.Equal((1, 0), (_world.Stats("c").ConsumerCount, (int)_world.Stats("c").TimedOut));
    }

    [Fact]
    public void A_process_that_stood_still_takes_no_gateway_for_lost_whose_words_it_has_not_read()
    {
        ScriptedGateway gateway = Subscribe();
        gateway.IsStopped = true;
        _world.Time.StandStill(TimeSpan.FromSeconds(12));
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _world.Stats("c").ConsumerCount);
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(15));
        Assert.Equal(0, _world.Stats("c").ConsumerCount);
    }

    public void Dispose() => _world.Dispose();

    private static TimeSpan FirstOf(ScriptedGateway gateway, string body) => gateway.Deliveries.First(delivery => delivery.Body == body).At;

    private ScriptedGateway Subscribe(bool finishes = true)
    {
        ScriptedGateway gateway = new(_world, "c") { Finishes = finishes, MessageTimeout = 10_000 };
        gateway.Start();
        _world.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        return gateway;
    }
}
