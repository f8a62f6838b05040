using System.Diagnostics;
using Broker.Tests.Running;
using Xunit.Abstractions;

namespace Broker.Tests.Durability;

/// <summary>
/// The broker's process is killed again and again while messages die, are published to another topic, and are sent back. <c>BROKER_CRASHES</c> sets how
/// often (4), <c>BROKER_CRASH_SEED</c> repeats the choices of a run.
/// </summary>
public sealed class DeadLetterCrashTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Whenever_the_process_is_killed_a_message_is_finished_or_dead_and_never_both_or_neither()
    {
        int seed = Knob.Read<int>("BROKER_CRASH_SEED") ?? Environment.TickCount;
        int crashes = Math.Max(2, Knob.Read<int>("BROKER_CRASHES") ?? 4);
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        long start = Stopwatch.GetTimestamp();
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0", "--max-bytes-per-file=1048576");
        DeadLetterCampaign campaign = new(broker, seed);
        await campaign.PrepareAsync();
        Task[] workers = campaign.Start();
        for (int i = 0; i < crashes / 2; i++)
        {
            int wanted = campaign.Acknowledged + random.Next(200, 1_000);
            // Publishers are faster than those who give a message up.
            await UntilAsync(broker, async () => campaign.Acknowledged >= wanted && (await campaign.LookAsync()).Count > 0);
            await Task.Delay(random.Next(0, 60));
            await KillAsync(broker);
        }

        int died = (await campaign.LookAsync()).Count;
        int sentBack = 0;
        campaign.Cure();
        for (int i = crashes / 2; i < crashes; i++)
        {
            // One that was under way when the process was killed goes on by itself.
            if (!(await campaign.RedrivenAsync()).IsRunning)
                await campaign.RedriveAsync(Math.Max(100, died / 2));
            await UntilAsync(broker, async () => await campaign.RedrivenAsync() is { Sent: > 0 } or { IsRunning: false });
            sentBack += (await campaign.RedrivenAsync()).Sent;
            await Task.Delay(random.Next(0, 60));
            await KillAsync(broker);
        }

        campaign.StopPublishing();
        output.WriteLine($"killed after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        await UntilAsync(broker, async () => !(await campaign.RedrivenAsync()).IsRunning);
        output.WriteLine($"sent back after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        List<string> dead = [];
        long began = Stopwatch.GetTimestamp();
        while (campaign.Missing(dead = await campaign.LookAsync()).Count > 0 && Stopwatch.GetElapsedTime(began) < Patience)
            await Task.Delay(100);
        campaign.StopConsuming();
        await broker.KillAsync();
        await Task.WhenAll(workers);

        List<string> missing = campaign.Missing(dead);
        output.WriteLine($"{crashes} crashes, {campaign.Acknowledged} acknowledged, {died} died before any was sent back, {dead.Count} are dead in the end");
        foreach (string refusal in campaign.Refusals)
            output.WriteLine(refusal);
        Assert.True(died > 0 && sentBack > 0, $"seed {seed}: {died} died and {sentBack} were sent back");
        Assert.True(missing.Count == 0, $"seed {seed}: {missing.Count} acknowledged are neither finished nor dead: {string.Join(' ', missing.Take(10))}\n{broker.Output}");
        Assert.Equal(dead.Distinct(), dead);
        Assert.Empty(campaign.Finished(dead));
        Assert.Empty(campaign.Faults);
    }

    private static async Task KillAsync(BrokerProcess broker)
    {
        await broker.KillAsync();
        await broker.StartAsync();
    }

    private static async Task UntilAsync(BrokerProcess broker, Func<Task<bool>> isTrue)
    {
        long began = Stopwatch.GetTimestamp();
        while (!await isTrue())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"nothing happens any more: {broker.Output}");
            await Task.Delay(5);
        }
    }
}
