using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary>All that <c>/metrics</c> tells of a broker in which each thing that is measured has happened once.</summary>
internal static class ExportedMetrics
{
    public static async Task<ParsedMetrics> TakeAsync(bool isOpenMetrics)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(settings =>
        {
            // Only files are synced by the broker itself.
            settings.StorageKind = StorageKind.Files;
            settings.Storage.SyncEvery = 1;
        });
        await broker.Broker.PublishAsync("t", "one");
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        await consumer.FinishAsync(await consumer.ExpectMessageAsync());
        await broker.Broker.UntilAsync("t", "c", stats => stats.Finished == 1);
        await broker.GetAsync("/ping");
        // The runtime tells of its last collection only when there was one.
        GC.Collect();
        return await MetricsTests.ParseAsync(broker, isOpenMetrics);
    }
}
