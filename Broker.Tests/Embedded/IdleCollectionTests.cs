using Broker.Tests.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Broker.Tests.Embedded;

public sealed class IdleCollectionTests : IDisposable
{
    private readonly GrainJournal _journal = new();
    private readonly GrainSimulation _simulation;

    public IdleCollectionTests() => _simulation = new GrainSimulation(1, services => services.AddSingleton(_journal));

    public interface IKeptGrain : IGrainWithStringKey
    {
        Task Touch();
    }

    public interface IShortLivedGrain : IGrainWithStringKey
    {
        Task Touch();
    }

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void An_idle_grain_is_collected_and_a_used_one_is_not()
    {
        Touch("idle");
        for (int minute = 0; minute < 20; minute++)
        {
            Touch("used");
            Pass(1);
        }
        Assert.Equal(["+idle", "+used", "-idle ActivationIdle"], _journal.Entries);
    }

    [Fact]
    public void A_grain_is_not_collected_before_its_age()
    {
        Touch("a");
        Pass(15);
        Assert.Equal(1, _simulation.Host.ActivationCount);
        Pass(2);
        Assert.Equal(0, _simulation.Host.ActivationCount);
    }

    [Fact]
    public void A_grain_is_not_collected_while_a_request_runs_nor_right_after()
    {
        TaskCompletionSource gate = new();
        _ = Script("a").Tell(_ => gate.Task);
        Pass(60);
        Assert.Equal(1, _simulation.Host.ActivationCount);
        gate.SetResult();
        Pass(15);
        Assert.Equal(1, _simulation.Host.ActivationCount);
        Pass(2);
        Assert.Equal(0, _simulation.Host.ActivationCount);
    }

    [Fact]
    public void DelayDeactivation_keeps_an_idle_grain_and_zero_takes_that_back()
    {
        foreach (string key in (string[])["kept", "for good", "taken back"])
        {
            _simulation.Scheduler.Run(() => Script(key).Run(grain =>
            {
                grain.KeepFor(key == "kept" ? TimeSpan.FromMinutes(60) : Timeout.InfiniteTimeSpan);
                return Task.CompletedTask;
            }));
        }
        _simulation.Scheduler.Run(() => Script("taken back").Run(grain =>
        {
            grain.KeepFor(TimeSpan.Zero);
            return Task.CompletedTask;
        }));
        Pass(59);
        Assert.Equal(2, _simulation.Host.ActivationCount);
        Pass(2);
        Assert.Equal(1, _simulation.Host.ActivationCount);
        Pass(100_000);
        Assert.Equal(1, _simulation.Host.ActivationCount);
    }

    [Fact]
    public void A_class_may_say_how_long_its_grains_are_kept()
    {
        _simulation.Scheduler.Run(() => _simulation.Grains.GetGrain<IKeptGrain>("a").Touch());
        _simulation.Scheduler.Run(() => _simulation.Grains.GetGrain<IShortLivedGrain>("a").Touch());
        Assert.Equal(2, _simulation.Host.ActivationCount);
        Pass(4);
        Assert.Equal(1, _simulation.Host.ActivationCount);
        Pass(1000);
        Assert.Equal(1, _simulation.Host.ActivationCount);
    }

    [Fact]
    public void A_host_without_grains_sets_no_timer()
    {
        Touch("a");
        _simulation.Scheduler.Run(() => _simulation.Host.DeactivateAsync(Script("a")));
        Pass(60);
        Assert.Null(_simulation.Time.UntilNextTimer);
    }

    private IScriptGrain Script(string key) => _simulation.Grains.GetGrain<IScriptGrain>(key, typeof(ScriptGrain).FullName);

    private void Touch(string key) => _simulation.Scheduler.Run(() => Script(key).Run(_ => Task.CompletedTask));

    private void Pass(int minutes) => _simulation.Scheduler.RunFor(TimeSpan.FromMinutes(minutes));

    [KeepAlive]
    public sealed class KeptGrain : Grain, IKeptGrain
    {
        public Task Touch() => Task.CompletedTask;
    }

    [CollectionAgeLimit(Minutes = 2)]
    public sealed class ShortLivedGrain : Grain, IShortLivedGrain
    {
        public Task Touch() => Task.CompletedTask;
    }
}
