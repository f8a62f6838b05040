using System.Net;
using System.Text;
using Broker.Admin;
using Broker.Silo.Dashboard;
using Broker.Tests.Gateway;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Admin;

/// <summary>The dashboard of Orleans below the admin web.</summary>
public sealed class OrleansDashboardTests
{
    private static readonly string Alice = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{PasswordFolder.AlicesPassword}"))}";

    [Fact]
    public async Task It_costs_nothing_until_somebody_opens_it_and_then_tells_of_every_call()
    {
        using PasswordFolder passwords = new();
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.PasswordFile = passwords.Path);
        SleepingDashboard part = broker.Broker.Services.GetRequiredService<SleepingDashboard>();
        DashboardBranch pages = broker.Broker.Services.GetServices<IAdminBranch>().OfType<DashboardBranch>().Single();
        await broker.PublishAsync("orders", 1);
        Assert.Contains("href=\"/dashboard/\"", await GetAsync(broker, "/cluster"));
        using (HttpResponseMessage refused = await broker.Web.GetAsync("/dashboard/"))
            Assert.Equal(HttpStatusCode.Redirect, refused.StatusCode);
        Assert.Equal((false, false), (pages.IsBuilt, part.IsAwake));

        Assert.Contains("<html", await GetAsync(broker, "/dashboard/"));
        Assert.True(pages.IsBuilt);
        Assert.False(part.IsAwake);
        await Eventually.TrueAsync(async () =>
            (await GetAsync(broker, "/dashboard/DashboardCounters")).Contains("\"totalActiveHostCount\":1", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => part.IsAwake);
        await Eventually.TrueAsync(async () =>
        {
            await broker.Broker.StatsAsync("orders");
            return (await GetAsync(broker, "/dashboard/TopGrainMethods")).Contains("TopicGrain", StringComparison.Ordinal);
        });
    }

    private static async Task<string> GetAsync(AdminBroker broker, string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.Add("Authorization", Alice);
        using HttpResponseMessage response = await broker.Web.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {response.StatusCode} {body}");
        return body;
    }
}
