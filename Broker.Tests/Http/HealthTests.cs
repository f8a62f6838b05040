using System.Net;
using System.Text.Json.Nodes;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Simulation;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Http;

/// <summary><c>/health/live</c> and <c>/health/ready</c>.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task A_broker_that_runs_is_live_and_ready()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        HttpReply live = await broker.GetAsync("/health/live");
        Assert.Equal((200, "OK"), (live.Status, live.Body));
        HttpReply ready = await broker.GetAsync("/health/ready");
        Assert.Equal(200, ready.Status);
        JsonNode document = JsonNode.Parse(ready.Body)!;
        Assert.Equal("ready", (string)document["status"]!);
        Assert.Equal(
            ["cluster", "grains", "storage", "topics"], document["checks"]!.AsObject().Select(check => check.Key).Order());
        Assert.All(document["checks"]!.AsObject(), check => Assert.Equal("OK", (string)check.Value!));
    }

    [Fact]
    public async Task A_storage_that_cannot_be_written_to_is_not_ready_but_live_and_is_ready_again_afterwards()
    {
        string path = "";
        await using HttpBroker broker = await HttpBroker.StartAsync(
            settings =>
            {
                path = settings.Storage.DataPath;
                settings.StorageKind = StorageKind.Files;
            },
            virtualTime: true);
        NsqSocket alive = await broker.Broker.OpenAsync();
        Assert.Equal(200, (await broker.GetAsync("/health/ready")).Status);
        // A directory where the probe would be written: nobody can write there, not even root.
        File.Delete(Path.Combine(path, "probe"));
        Directory.CreateDirectory(Path.Combine(path, "probe"));
        await UntilReadyIsAsync(503);
        HttpReply ready = await broker.GetAsync("/health/ready");
        Assert.Equal(503, ready.Status);
        JsonNode document = JsonNode.Parse(ready.Body)!;
        Assert.Equal("not ready", (string)document["status"]!);
        Assert.StartsWith($"cannot write to data path {path}", (string)document["checks"]!["storage"]!);
        Assert.Equal("OK", (string)document["checks"]!["grains"]!);
        Assert.Equal(200, (await broker.GetAsync("/health/live")).Status);

        Directory.Delete(Path.Combine(path, "probe"));
        await UntilReadyIsAsync(200);
        Assert.Equal("OK", (await broker.GetAsync("/ping")).Body);

        // The probe has a thread of its own, which may be late.
        Task UntilReadyIsAsync(int status) => Eventually.TrueAsync(async () =>
        {
            await broker.Broker.PassAsync(TimeSpan.FromSeconds(2), alive);
            return (await broker.GetAsync("/health/ready")).Status == status;
        });
    }

    [Fact]
    public async Task It_is_not_ready_before_it_closes_connections()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(
            settings => settings.Telemetry.ShutdownDelay = TimeSpan.FromSeconds(5), virtualTime: true);
        NsqSocket client = await broker.Broker.OpenAsync();
        Assert.Equal(200, (await broker.GetAsync("/health/ready")).Status);
        EndPoint tcp = broker.Broker.TcpEndPoint;
        VirtualTimeProvider clock = broker.Broker.Clock;
        Task stop = broker.Broker.StopAsync();
        await Eventually.TrueAsync(async () => (await broker.GetAsync("/health/ready")).Status == 503);
        HttpReply ready = await broker.GetAsync("/health/ready");
        Assert.Equal((503, "stopping"), (ready.Status, (string)JsonNode.Parse(ready.Body)!["status"]!));
        // Clients are still served, new ones too.
        await client.PublishAsync("t", "message");
        await using NsqSocket late = await NsqSocket.OpenAsync(tcp);
        await late.PublishAsync("t", "message");
        Assert.False(stop.IsCompleted);
        Task closed = client.ExpectClosedAsync();
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return closed.IsCompleted;
        });
        await closed;
        await stop;
    }

    [Fact]
    public async Task Who_must_log_in_for_the_rest_need_not_for_this()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{"users":[]}""");
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Gateway.Auth.File = file);
        Assert.Equal(200, (await broker.GetAsync("/health/live")).Status);
        Assert.Equal(200, (await broker.GetAsync("/health/ready")).Status);
        Assert.Equal((int)HttpStatusCode.Unauthorized, (await broker.GetAsync("/metrics")).Status);
        File.Delete(file);
    }
}
