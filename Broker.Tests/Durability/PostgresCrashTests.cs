using System.Diagnostics;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using Xunit.Abstractions;

namespace Broker.Tests.Durability;

/// <summary>
/// The database under a broker, and then the broker itself, end again and again under load. <c>BROKER_POSTGRES_CRASHES</c> sets how often each
/// (3), <c>BROKER_CRASH_SEED</c> repeats the choices of a run.
/// </summary>
public sealed class PostgresCrashTests(ITestOutputHelper output)
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Every_acknowledged_value_is_delivered_whichever_of_broker_and_database_is_killed()
    {
        int seed = Knob.Read<int>("BROKER_CRASH_SEED") ?? Environment.TickCount;
        int crashes = Knob.Read<int>("BROKER_POSTGRES_CRASHES") ?? 3;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using BrokerProcess broker = await BrokerProcess.StartAsync(
            "--storage=postgres", $"--postgres={server.ConnectionString}", "--postgres-schema=mine", "--msg-timeout=2s");
        CrashCampaign campaign = new(broker, seed);
        await campaign.PrepareAsync();
        Task[] workers = campaign.Start();
        for (int i = 0; i < crashes; i++)
        {
            await campaign.UntilAcknowledgedAsync(campaign.Acknowledged + random.Next(1, 200));
            await (random.Next(3) switch
            {
                0 => server.StopAsync(),
                1 => server.CrashAsync(),
                _ => server.KillAsync(),
            });
            await server.StartAsync();
            await campaign.UntilAcknowledgedAsync(campaign.Acknowledged + random.Next(1, 200));
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
        output.WriteLine($"{crashes} crashes of each, {campaign.Acknowledged} acknowledged, {campaign.Deliveries} deliveries");
        Assert.True(campaign.Acknowledged > crashes, $"seed {seed}: only {campaign.Acknowledged} publishes were acknowledged");
        Assert.True(missing.Count == 0, $"seed {seed}: {missing.Count} acknowledged were not delivered: {string.Join(' ', missing.Take(10))}\n{broker.Output}");
        campaign.AssertNoFaults();
        Assert.DoesNotContain("hush", broker.Output);
    }
}
