using System.Diagnostics;
using Broker.Tests.Running;
using Xunit.Abstractions;

namespace Broker.Tests.Durability;

/// <summary>
/// The broker's process is killed again and again under load. <c>BROKER_CRASHES</c> sets how often (8), <c>BROKER_CRASH_SEED</c> repeats the
/// choices of a run.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Every_acknowledged_value_is_delivered_on_every_channel_whenever_the_process_is_killed()
    {
        int seed = Knob.Read<int>("BROKER_CRASH_SEED") ?? Environment.TickCount;
        int crashes = Knob.Read<int>("BROKER_CRASHES") ?? 8;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--msg-timeout=2s", "--max-bytes-per-file=1048576");
        CrashCampaign campaign = new(broker, seed);
        await campaign.PrepareAsync();
        Task[] workers = campaign.Start();
        for (int i = 0; i < crashes; i++)
        {
            await campaign.UntilAcknowledgedAsync(campaign.Acknowledged + random.Next(1, 400));
            await broker.KillAsync();
            await broker.StartAsync();
        }

        campaign.StopPublishing();
        long began = Stopwatch.GetTimestamp();
        while (campaign.Missing().Count > 0 && Stopwatch.GetElapsedTime(began) < DrainTime)
            await Task.Delay(100);
        List<string> missing = campaign.Missing();
        campaign.StopConsuming();
        await broker.KillAsync();
        await Task.WhenAll(workers);
        output.WriteLine($"{crashes} crashes, {campaign.Acknowledged} acknowledged, {campaign.Deliveries} deliveries");
        Assert.True(campaign.Acknowledged > crashes, $"seed {seed}: only {campaign.Acknowledged} publishes were acknowledged");
        Assert.True(missing.Count == 0, $"seed {seed}: {missing.Count} acknowledged were not delivered: {string.Join(' ', missing.Take(10))}\n{broker.Output}");
        campaign.AssertNoFaults();
    }
}
