using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Silo;

namespace Broker.Tests.Deploy;

/// <summary>What the container image, the compose file and the Kubernetes manifest start can be started.</summary>
public sealed partial class ContainerTests
{
    /// <summary>Commands of the compose file, of the manifest, and of the compose files that users of NSQ have.</summary>
    public static TheoryData<string> Commands => [.. All().Distinct()];

    private static IEnumerable<string> All() =>
    [
        .. ComposeCommand().Matches(Read("docker-compose.yml")).Select(match => match.Groups[1].Value),
        .. ManifestCommand().Matches(Read("deploy/kubernetes/broker.yaml")).Select(match => string.Join(' ', [match.Groups[1].Value, .. ArgumentsOf(match)])),
        "/nsqlookupd",
        "/nsqd --lookupd-tcp-address=nsqlookupd:4160",
        "/nsqd --broadcast-address=nsqd --lookupd-tcp-address=nsqlookupd:4160 --data-path=/data",
        "/nsqadmin --lookupd-http-address=nsqlookupd:4161",
    ];

    [Fact]
    public void All_commands_are_looked_at() => Assert.Equal(
        ["/nsqadmin", "/nsqadmin", "/nsqd", "/nsqlookupd", "/nsqlookupd", "/silo", "/silo"],
        All().SkipLast(4).Select(command => command.Split(' ')[0]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_is_one_that_the_image_has_and_its_flags_are_known(string command)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string script = Read($"deploy/container{words[0]}");
        Assert.Contains($"/usr/local/bin{words[0]} ", Read("Dockerfile"), StringComparison.Ordinal);

        Match exec = Exec().Match(script);
        Assert.True(exec.Success, script);

        using Running.DataFolder data = new();
        string[] arguments =
        [
            .. exec.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            .. words[1..].Select(word => word.Replace("/data", data.Path, StringComparison.Ordinal).Replace("$(POD_IP)", "127.0.0.1", StringComparison.Ordinal)),
        ];
        bool isClustered = words[0] is "/silo" or "/gateway";
        (string, string)[] environment = isClustered ? [("BROKER_POSTGRES", "Host=postgres;Username=broker")] : [];
        ProgramRun run = await ProgramRun.StartAsync(arguments, environment);
        Assert.Equal("", run.Error);
        Assert.NotNull(run.Settings);
    }

    [Fact]
    public void Containers_are_given_longer_to_stop_than_a_broker_takes_at_most()
    {
        TimeSpan most = new BrokerSettings().ShutdownTimeout;
        Assert.All(Grace().Matches(Read("docker-compose.yml")), grace => Assert.True(SecondsOf(grace) > most));
        TimeSpan delay = SecondsOf(Delay().Match(Read("deploy/kubernetes/broker.yaml")));
        Assert.True(SecondsOf(Grace().Match(Read("deploy/kubernetes/broker.yaml"))) > delay + most);
    }

    private static TimeSpan SecondsOf(Match match) => TimeSpan.FromSeconds(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private static IEnumerable<string> ArgumentsOf(Match command) =>
        Argument().Matches(command.Groups[2].Value).Select(match => match.Groups[1].Value);

    private static string Read(string path) => File.ReadAllText(Path.Combine(Solution.Folder, path));

    [GeneratedRegex(@"^\s+command: (/\S.*)$", RegexOptions.Multiline)]
    private static partial Regex ComposeCommand();

    [GeneratedRegex(@"command: \[ (/\w+) \]\n((?:(?!\s*(?:env|ports|livenessProbe):).*\n)*)")]
    private static partial Regex ManifestCommand();

    [GeneratedRegex(@"(?:stop_grace_period|terminationGracePeriodSeconds): (\d+)")]
    private static partial Regex Grace();

    [GeneratedRegex(@"--shutdown-delay=(\d+)s")]
    private static partial Regex Delay();

    [GeneratedRegex(@"(--[\w-]+=[^\s\]]+)")]
    private static partial Regex Argument();

    [GeneratedRegex(@"^exec /opt/broker/Broker\.Silo (.*) ""\$@""$", RegexOptions.Multiline)]
    private static partial Regex Exec();
}
