using Broker.Policies;
using Microsoft.Playwright;

namespace Broker.Tests.Admin;

/// <summary>The page on which a policy is seen and changed, in a real browser.</summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class PolicyPageTests(AdminBrowser browser)
{
    [Fact]
    public async Task What_is_said_is_changed_and_what_is_inherited_is_shown_with_who_says_it()
    {
        await using AdminBroker broker = await StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders");
        await page.ClickAsync(AriaRole.Link, "Policy");
        await page.Page.GetByLabel("Publishing").FillAsync("100");
        await page.Page.GetByLabel("When it is full").SelectOptionAsync("drop_oldest");
        await page.Page.GetByLabel("In flight").FillAsync("7");
        await page.ClickAsync(AriaRole.Button, "Save");
        await page.SeeAsync("Changed the policy of topic orders.");
        Assert.Equal(
            new TopicPolicy { PublishRate = 100, OnFull = TopicPolicy.DropOldest, Channels = new ChannelPolicy { MaxInFlight = 7 } }, (await broker.Broker.Topic("orders").PolicyAsync("")).Topic);

        await page.GoAsync("/topics/orders/billing");
        await page.ClickAsync(AriaRole.Link, "Policy");
        await Assertions.Expect(Row(page, "In flight")).ToContainTextAsync("7 messages");
        await Assertions.Expect(Row(page, "In flight")).ToContainTextAsync("topic");
        await Assertions.Expect(Row(page, "Deliveries")).ToContainTextAsync("50 messages a second");
        await Assertions.Expect(Row(page, "Deliveries")).ToContainTextAsync("config file, ord*");
        await Assertions.Expect(Row(page, "Attempts")).ToContainTextAsync("no limit");
        await page.Page.GetByLabel("Delay after the first attempt").FillAsync("1000");
        await page.Page.GetByLabel("Growth of the delay").FillAsync("1.5");
        await page.Page.GetByLabel("What has expired").SelectOptionAsync("dead_letter");
        await page.ClickAsync(AriaRole.Button, "Save");
        await page.SeeAsync("Changed the policy of channel billing of orders.");
        Assert.Equal(new ChannelPolicy { RetryDelay = new RetryDelay(1000, 1.5, 3_600_000), Expired = ChannelPolicy.DeadLettered },
            (await broker.Broker.Topic("orders").PolicyAsync("billing")).Channel);
        await Assertions.Expect(page.Page.GetByLabel("Longest delay")).ToHaveValueAsync("3600000");
    }

    [Fact]
    public async Task What_cannot_be_is_told_beside_what_was_written_and_nobody_is_overwritten()
    {
        await using AdminBroker broker = await StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/policy?topic=orders&channel=billing");
        await page.Page.GetByLabel("In flight").FillAsync("many");
        await page.ClickAsync(AriaRole.Button, "Save");
        await page.SeeAsync("The policy was not changed: max_in_flight must be a whole number from 0 to 1000000.");
        await Assertions.Expect(page.Page.GetByLabel("In flight")).ToHaveValueAsync("many");

        await broker.Broker.Topic("orders").ChangeChannelPolicyAsync("billing", new ChannelPolicy { MaxInFlight = 3 }, expected: null);
        await page.Page.GetByLabel("In flight").FillAsync("5");
        await page.ClickAsync(AriaRole.Button, "Save");
        await page.SeeAsync("somebody else has changed it meanwhile");
        await Assertions.Expect(page.Page.GetByLabel("In flight")).ToHaveValueAsync("3");
        Assert.Equal(404, await page.GoAsync("/policy?topic=orders&channel=unknown"));
        Assert.Equal(404, await page.GoAsync("/policy?topic=unknown"));
        // The browser tells of what was refused a moment later.
        await page.GoAsync("/policy?topic=orders");
        page.ForgetErrors();
    }

    private static ILocator Row(AdminPage page, string label) =>
        page.Page.GetByRole(AriaRole.Row).Filter(new LocatorFilterOptions { Has = page.Page.GetByLabel(label, new PageGetByLabelOptions { Exact = true }) });

    private static async Task<AdminBroker> StartAsync()
    {
        AdminBroker broker = await AdminBroker.StartAsync(static settings => settings.Queue.Policies =
            [new PatternPolicy("ord*", new TopicPolicy { Channels = new ChannelPolicy { DeliveryRate = 50 } })]);
        await broker.PostAsync("/topic/create?topic=orders");
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        return broker;
    }
}
