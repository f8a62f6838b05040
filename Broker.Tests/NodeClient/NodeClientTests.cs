using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Broker.Tests.Running;
using Broker.Tests.Security;

namespace Broker.Tests.NodeClient;

/// <summary>nsqjs, a client that others wrote and use, against the broker.</summary>
public sealed class NodeClientTests
{
    private const int Messages = 10_000;
    private const int RequeuedInTen = 2;
    private const int TouchedInFive = 1;
    private const int LimitSeconds = 90;

    private const string Tls = "\"tls\":true,\"tlsVerification\":false";

    [Theory]
    [InlineData("{}")]
    [InlineData($"{{{Tls}}}")]
    [InlineData("{\"deflate\":true}")]
    [InlineData("{\"snappy\":true}")]
    [InlineData($"{{{Tls},\"deflate\":true}}")]
    [InlineData($"{{{Tls},\"snappy\":true}}")]
    public async Task Nsqjs_publishes_and_consumes_10000_messages_over_two_channels(string options)
    {
        using TestCertificates certificates = new();
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => certificates.Configure(settings.Gateway.Tls));
        IPEndPoint endPoint = (IPEndPoint)broker.TcpEndPoint;

        using JsonDocument summary = await RunAsync(
            () => IsDoneWithAsync(broker), "flow.js", $"{endPoint.Address}", $"{endPoint.Port}", "flow", $"{Messages}", $"{LimitSeconds}", options);

        JsonElement root = summary.RootElement;
        Assert.Equal(("complete", 0), (root.GetProperty("reason").GetString(), root.GetProperty("errors").GetArrayLength()));
        Assert.Equal(Messages, root.GetProperty("acknowledged").GetInt32());
        foreach (string channel in (string[])["one", "two"])
        {
            JsonElement seen = root.GetProperty("channels").GetProperty(channel);
            Assert.Equal(Messages, seen.GetProperty("finished").GetInt32());
            Assert.Equal(Messages * RequeuedInTen / 10, seen.GetProperty("requeued").GetInt32());
            Assert.Equal(Messages * RequeuedInTen / 10, seen.GetProperty("redelivered").GetInt32());
            Assert.Equal(Messages * TouchedInFive / 5, seen.GetProperty("touched").GetInt32());
            Assert.Equal(0, seen.GetProperty("doubled").GetInt32());
            Assert.Equal(0, seen.GetProperty("early").GetInt32());
        }
        await IsDoneWithAsync(broker);
    }

    private static async Task IsDoneWithAsync(RunningBroker broker)
    {
        foreach (string channel in (string[])["one", "two"])
        {
            await broker.UntilAsync("flow", channel, stats => stats is
            {
                Depth: 0, InFlight: 0, Deferred: 0, TimedOut: 0, Finished: Messages, MessageCount: Messages,
                Requeued: Messages * RequeuedInTen / 10,
            });
        }
    }

    /// <param name="finished">What is to be true before the script may close its connections.</param>
    /// <param name="script">The script.</param>
    /// <param name="arguments">Its arguments.</param>
    private static async Task<JsonDocument> RunAsync(Func<Task> finished, string script, params string[] arguments)
    {
        string folder = Path.Combine(Solution.Folder, "Broker.Tests", "NodeClient");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules", "nsqjs")),
            $"nsqjs is not installed: run ./test.sh, or 'npm ci' in {folder}.");

        ProcessStartInfo start = new("node") { WorkingDirectory = folder };
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (string argument in (string[])[script, .. arguments]) start.ArgumentList.Add(argument);
        using Process node = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        try
        {
            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(LimitSeconds + 15));
            Task<string> errors = node.StandardError.ReadToEndAsync(patience.Token);
            string? first = await node.StandardOutput.ReadLineAsync(patience.Token);
            if (first == "finished") await finished();
            node.StandardInput.Close();
            Task<string> output = node.StandardOutput.ReadToEndAsync(patience.Token);
            await node.WaitForExitAsync(patience.Token);

            Assert.True(node.ExitCode == 0, $"{script} ended with {node.ExitCode}: {first}\n{await output}{await errors}");
            return JsonDocument.Parse((await output).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        }
        finally
        {
            if (!node.HasExited) node.Kill(entireProcessTree: true);
        }
    }
}
