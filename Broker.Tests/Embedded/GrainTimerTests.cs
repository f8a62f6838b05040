using Broker.Tests.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public sealed class GrainTimerTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Never = Timeout.InfiniteTimeSpan;

    private readonly GrainSimulation _simulation = new(1, services => services.AddSingleton(new GrainJournal()));
    private readonly List<double> _ticks = [];

    private IReentrantScriptGrain Reentrant => _simulation.Grains.GetGrain<IReentrantScriptGrain>("a");

    private IScriptGrain Script => _simulation.Grains.GetGrain<IScriptGrain>("a", typeof(ScriptGrain).FullName);

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void A_timer_ticks_as_turns_of_its_grain()
    {
        In(Script, grain => grain.RegisterGrainTimer(
            () =>
            {
                Assert.Same(grain.GrainContext, SynchronizationContext.Current);
                return Tick();
            },
            new GrainTimerCreationOptions(Second, 2 * Second)));
        Pass(5.5);
        Assert.Equal([1, 3, 5], _ticks);
    }

    [Fact]
    public void Every_overload_passes_its_state_and_a_token()
    {
        In(Script, grain =>
        {
            GrainTimerCreationOptions once = new(Second, Never);
            grain.RegisterGrainTimer(Tick, once);
            grain.RegisterGrainTimer(token => TickIf(token.CanBeCanceled), once);
            grain.RegisterGrainTimer(state => TickIf(state == "s"), "s", once);
            grain.RegisterGrainTimer((state, token) => TickIf(state == "s" && token.CanBeCanceled), "s", once);
            grain.RegisterGrainTimer(Tick, Second, Never);
            grain.RegisterGrainTimer(token => TickIf(token.CanBeCanceled), Second, Never);
            grain.RegisterGrainTimer(state => TickIf(state == "s"), "s", Second, Never);
            grain.RegisterGrainTimer((state, token) => TickIf(state == "s" && token.CanBeCanceled), "s", Second, Never);
        });
        Pass(60);
        Assert.Equal(Enumerable.Repeat(1.0, 8), _ticks);

        Task TickIf(bool condition) => condition ? Tick() : Task.CompletedTask;
    }

    [Fact]
    public void A_tick_waits_for_the_request_that_runs_unless_it_interleaves()
    {
        TaskCompletionSource gate = new();
        List<string> order = [];
        Task call = Script.Run(async grain =>
        {
            grain.RegisterGrainTimer(() => Note("waits"), new GrainTimerCreationOptions(Second, Never));
            grain.RegisterGrainTimer(() => Note("interleaves"), new GrainTimerCreationOptions(Second, Never) { Interleave = true });
            await gate.Task;
            order.Add("request ends");
        });
        Pass(2);
        gate.SetResult();
        Pass(0);
        Assert.True(call.IsCompletedSuccessfully);
        Assert.Equal(["interleaves", "request ends", "waits"], order);

        Task Note(string entry)
        {
            order.Add(entry);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public void The_next_tick_is_set_when_the_one_before_has_ended()
    {
        TaskCompletionSource gate = new();
        In(Reentrant, grain => grain.RegisterGrainTimer(
            async () =>
            {
                await Tick();
                await gate.Task;
            },
            new GrainTimerCreationOptions(Second, Second)));
        Pass(10);
        Assert.Equal([1], _ticks);
        gate.SetResult();
        Pass(2);
        Assert.Equal([1, 11, 12], _ticks);
    }

    [Fact]
    public void A_timer_that_fails_goes_on()
    {
        In(Script, grain => grain.RegisterGrainTimer(
            async () =>
            {
                await Tick();
                throw new FormatException();
            },
            new GrainTimerCreationOptions(Second, Second)));
        Pass(2);
        Assert.Equal([1, 2], _ticks);
    }

    [Fact]
    public void Change_starts_a_timer_anew_and_within_a_tick_takes_effect_after_it()
    {
        IGrainTimer timer = null!;
        In(Script, grain => timer = grain.RegisterGrainTimer(
            () =>
            {
                if (_ticks.Count == 1)
                {
                    timer.Change(5 * Second, Second);
                }
                return Tick();
            },
            new GrainTimerCreationOptions(Never, Second)));
        Pass(10);
        In(Script, _ => timer.Change(Second, Second));
        Pass(9);
        Assert.Equal([11, 12, 17, 18, 19], _ticks);
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Change(-5 * Second, Second));
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Change(Second, TimeSpan.FromDays(50)));
    }

    [Fact]
    public void A_timer_ends_when_it_is_disposed_of()
    {
        IGrainTimer timer = null!;
        CancellationToken token = default;
        In(Script, grain => timer = grain.RegisterGrainTimer(
            stopped =>
            {
                token = stopped;
                return Tick();
            },
            new GrainTimerCreationOptions(Second, Second)));
        Pass(1);
        timer.Dispose();
        timer.Dispose();
        timer.Change(Second, Second);
        Pass(9);
        Assert.Equal([1], _ticks);
        Assert.True(token.IsCancellationRequested);
    }

    [Fact]
    public void A_timer_ends_with_its_activation_and_makes_no_new_one()
    {
        In(Script, grain => grain.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(Second, Second)));
        Pass(1);
        _simulation.Scheduler.Run(() => _simulation.Host.DeactivateAsync(Script));
        Pass(9);
        Assert.Equal([1], _ticks);
        Assert.Equal(0, _simulation.Host.ActivationCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ticks_keep_a_grain_from_collection_only_if_they_are_meant_to(bool keepAlive)
    {
        In(Script, grain => grain.RegisterGrainTimer(
            Tick, new GrainTimerCreationOptions(30 * Second, 60 * Second) { KeepAlive = keepAlive }));
        Pass(20 * 60);
        Assert.Equal(keepAlive ? 1 : 0, _simulation.Host.ActivationCount);
    }

    [Fact]
    public void A_timer_can_be_registered_in_turns_of_its_grain_only()
    {
        ScriptGrain grain = null!;
        In(Script, it => grain = it);
        Assert.Throws<InvalidOperationException>(() => grain.RegisterGrainTimer(Tick, Second, Second));
    }

    private void In(IScriptGrain grain, Action<ScriptGrain> script) => _simulation.Scheduler.Run(() => grain.Run(it =>
    {
        script(it);
        return Task.CompletedTask;
    }));

    private void Pass(double seconds) => _simulation.Scheduler.RunFor(TimeSpan.FromSeconds(seconds));

    private Task Tick()
    {
        _ticks.Add(_simulation.Time.Elapsed.TotalSeconds);
        return Task.CompletedTask;
    }
}
