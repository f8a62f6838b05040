using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation;

/// <summary>Small grains on one thread under virtual time: the same seed must give the same run, to the last step.</summary>
public sealed class GrainSimulationTests
{
    public interface IBankGrain : IGrainWithStringKey
    {
        Task<int> Deposit(string from, int amount);

        Task<string> Statement();
    }

    [Fact]
    public void One_seed_gives_one_run()
    {
        Run first = Simulate(7);
        Run second = Simulate(7);
        Assert.Equal(first, second);
        Assert.True(first.Steps > 500);
    }

    [Fact]
    public void Different_seeds_give_different_orders()
    {
        Run[] runs = [.. Enumerable.Range(0, 10).Select(Simulate)];
        Assert.Equal(runs.Length, runs.Select(run => run.Trace).Distinct().Count());
        Assert.True(runs.Select(run => run.Statement).Distinct().Count() > 5);
    }

    [Fact]
    public void Months_pass_in_no_time()
    {
        using GrainSimulation simulation = new(3);
        simulation.Scheduler.Run(() => simulation.Grains.GetGrain<IBankGrain>("a").Deposit("x", 1));
        simulation.Scheduler.RunFor(TimeSpan.FromDays(90));
        Assert.InRange(simulation.Time.Elapsed, TimeSpan.FromDays(90), TimeSpan.FromDays(91));
        Assert.Equal(0, simulation.Cluster.ActivationCount);
    }

    [Fact]
    public void A_crash_loses_what_is_on_the_way_and_leaves_nothing_running()
    {
        using GrainSimulation simulation = new(5);
        Task[] calls = [.. Enumerable.Range(0, 50).Select(i =>
            simulation.Scheduler.Start(() => simulation.Grains.GetGrain<IBankGrain>($"{i % 3}").Deposit("x", i)))];
        simulation.Scheduler.RunUntil(() => calls.Count(call => call.IsCompleted) >= 10);
        simulation.Crash();
        simulation.Scheduler.RunUntilIdle();
        Assert.All(calls, call => Assert.True(call.IsCompleted));
        Assert.Contains(calls, call => call.Exception?.InnerException is SiloUnavailableException);
        long before = simulation.Cluster.TotalCalls;
        simulation.Scheduler.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(before, simulation.Cluster.TotalCalls);
        Assert.Equal(1, simulation.Scheduler.Run(() => simulation.Grains.GetGrain<IBankGrain>("0").Deposit("x", 1)));
    }

    [Fact]
    public void Work_that_comes_from_another_thread_is_an_error()
    {
        SeededScheduler scheduler = new(1, new VirtualTimeProvider());
        Thread other = new(() => Assert.Throws<InvalidOperationException>(() => scheduler.Schedule(new Nothing())));
        other.Start();
        other.Join();
        Assert.Throws<InvalidOperationException>(scheduler.RunUntilIdle);
    }

    [Fact]
    public void Other_parts_of_a_simulation_run_on_the_same_scheduler()
    {
        SeededScheduler scheduler = new(1, new VirtualTimeProvider());
        List<int> order = [];
        for (int i = 0; i < 10; i++)
        {
            scheduler.Schedule(new Disk(order, i));
        }
        scheduler.RunUntilIdle();
        Assert.Equal(Enumerable.Range(0, 10), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 10), order);
    }

    [Fact]
    public void Waiting_for_something_that_never_comes_is_an_error()
    {
        SeededScheduler scheduler = new(1, new VirtualTimeProvider());
        Assert.Throws<InvalidOperationException>(() => scheduler.Run(() => new TaskCompletionSource().Task));
    }

    private static Run Simulate(int seed)
    {
        using GrainSimulation simulation = new(seed);
        SeededScheduler scheduler = simulation.Scheduler;
        string statement = scheduler.Run(async () =>
        {
            // What combines tasks must not escape to the thread pool.
            await Task.WhenAll(Enumerable.Range(0, 5).Select(Client));
            return await simulation.Grains.GetGrain<IBankGrain>("a").Statement()
                .WaitAsync(TimeSpan.FromSeconds(10), simulation.Time);
        });
        scheduler.Run(simulation.Silo.StopAsync);
        return new Run(scheduler.Trace, scheduler.Steps, simulation.Time.Elapsed, statement);

        async Task Client(int number)
        {
            IBankGrain[] banks = [.. "abc".Select(key => simulation.Grains.GetGrain<IBankGrain>($"{key}"))];
            for (int i = 0; i < 5; i++)
            {
                await Task.WhenAll(banks.Select(bank => bank.Deposit($"{number}", i)));
            }
        }
    }

    private sealed record Run(ulong Trace, long Steps, TimeSpan Elapsed, string Statement);

    private sealed class Nothing : IThreadPoolWorkItem
    {
        public void Execute()
        {
        }
    }

    private sealed class Disk(List<int> order, int number) : IThreadPoolWorkItem
    {
        public void Execute() => order.Add(number);
    }

    public sealed class BankGrain(IGrainContext context, TimeProvider time) : Grain(context), IBankGrain
    {
        private readonly List<string> _deposits = [];

        public override Task OnActivateAsync(CancellationToken cancellationToken)
        {
            this.RegisterGrainTimer(
                () =>
                {
                    _deposits.Add("tick");
                    return Task.CompletedTask;
                },
                new GrainTimerCreationOptions(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
            return Task.CompletedTask;
        }

        public async Task<int> Deposit(string from, int amount)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), time);
            if (this.GetPrimaryKeyString() == "a")
            {
                await GrainFactory.GetGrain<IBankGrain>("safe").Deposit(from, amount);
            }
            _deposits.Add($"{from}:{amount}");
            return _deposits.Count;
        }

        public Task<string> Statement() => Task.FromResult(string.Join(' ', _deposits));
    }
}
