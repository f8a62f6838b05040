using System.Globalization;
using Broker.Bench.Load;
using Broker.Bench.Reports;

namespace Broker.Bench.Versus.Works;

/// <summary>Messages are published in batches, and then consumed.</summary>
internal sealed class BacklogWork : IWork
{
    private const int FillProducers = 2;
    private const int FillBatch = 200;
    private const int FillPipeline = 4;

    public string Name => "backlog";

    public string Describe(WorkSettings settings) => string.Create(CultureInfo.InvariantCulture,
        $"a backlog of {settings.Backlog:N0}{Limit(settings)}, 2 connections, 2,500 in flight each");

    public LoadPlan Plan(WorkSettings settings) => WorkCatalogue.NoServer with
    {
        Work = Work.Consume,
        Consumers = 2,
        Ready = 2500,
        Size = settings.Size,
        Duration = settings.Duration,
    };

    public async Task<LoadReport> RunAsync(IServer server, LoadPlan plan, WorkSettings settings, CancellationToken interrupt)
    {
        long waiting = await FillAsync(server, plan, settings, FillBatch, interrupt);
        await using LoadRun run = new(plan with { Messages = waiting }, progress: null, server.Connect);
        LoadReport report = await run.RunAsync(interrupt);
        // All of it, unless time was up before.
        bool ended = plan.Duration == Timeout.InfiniteTimeSpan || report.Seconds < plan.Duration.TotalSeconds;
        return report with { Missing = ended ? waiting - report.Received!.Messages : null };
    }

    /// <summary>Publishes a backlog on the topics and channels of a plan, and says how long it is.</summary>
    public static async Task<long> FillAsync(IServer server, LoadPlan plan, WorkSettings settings, int batch, CancellationToken interrupt)
    {
        if (settings.Backlog == 0)
            return 0;
        LoadPlan filling = plan with
        {
            Work = Work.Publish,
            Producers = FillProducers,
            Batch = batch,
            Pipeline = FillPipeline,
            Rate = 0,
            Messages = settings.Backlog,
            Duration = settings.FillTime,
            WarmUp = TimeSpan.Zero,
        };
        await using LoadRun fill = new(filling, progress: null, server.Connect);
        await fill.RunAsync(interrupt);
        return fill.Acknowledged;
    }

    private static string Limit(WorkSettings settings) => settings.FillTime == Timeout.InfiniteTimeSpan
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $" (or what {settings.FillTime.TotalSeconds:N0} s of publishing make)");
}
