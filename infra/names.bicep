// Which names and other values Azure would refuse, so that the template can say so before anything is created.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules

func consistsOf(text string, allowed string) bool =>
  empty(filter(map(range(0, length(text)), at => substring(text, at, 1)), character => !contains(allowed, character)))

func startsWithOneOf(text string, allowed string) bool => contains(allowed, take(text, 1))

func hasLoneHyphens(text string) bool => !contains(text, '--') && !startsWith(text, '-') && !endsWith(text, '-')

// A key vault is the strictest: letters, digits and single hyphens, starting with a letter.
@export()
func checkedPrefix(name string) string =>
  consistsOf(toLower(name), 'abcdefghijklmnopqrstuvwxyz0123456789-') && startsWithOneOf(
      toLower(name),
      'abcdefghijklmnopqrstuvwxyz'
    ) && hasLoneHyphens(name)
    ? name
    : fail('name is "${name}", but must be letters, digits and single hyphens, start with a letter, and not end with a hyphen')

@export()
func checkedQueue(name string) string =>
  consistsOf(name, 'abcdefghijklmnopqrstuvwxyz0123456789-') && hasLoneHyphens(name)
    ? name
    : fail('ticketsQueue is "${name}", but must be lowercase letters, digits and single hyphens')

// Table names differ by more than their case: each table holds one kind of row.
@export()
func checkedTables(names string[]) string[] =>
  empty(filter(
      names,
      name =>
        !consistsOf(toLower(name), 'abcdefghijklmnopqrstuvwxyz0123456789') || !startsWithOneOf(
          toLower(name),
          'abcdefghijklmnopqrstuvwxyz'
        )
    )) && length(union(map(names, name => toLower(name)), [])) == length(names)
    ? names
    : fail('the tables are "${join(names, ', ')}", but must be different names of letters and digits that start with a letter')

// The app knows which APIs there are: /api/health names the setting of one that it does not know.  The template refuses
// what no setting may be called, and what would be a second spelling of a name.
func noNamesOfApis(names string[]) string[] =>
  filter(
    names,
    name => empty(name) || !consistsOf(name, 'abcdefghijklmnopqrstuvwxyz0123456789-') || !hasLoneHyphens(name)
  )

@export()
func polled(polling { *: string }) { *: string } =>
  empty(noNamesOfApis(objectKeys(polling)))
    ? toObject(items(polling), item => 'POLLING_${toUpper(replace(item.key, '-', '_'))}', item => item.value)
    : fail('polling has "${join(noNamesOfApis(objectKeys(polling)), ', ')}", but must have names of APIs: lowercase letters, digits and single hyphens')

// Storage refuses ranges of one or two addresses.
// https://learn.microsoft.com/azure/storage/common/storage-network-security-ip-address-range
@export()
func checkedAddresses(addresses string[]) string[] =>
  empty(filter(addresses, address => endsWith(address, '/31') || endsWith(address, '/32')))
    ? addresses
    : fail('allowedAddresses has a range of one or two addresses: write each address without a slash')

// An id that Entra gives: 8-4-4-4-12 digits and letters from a to f.
@export()
func checkedIds(what string, ids string[]) string[] =>
  empty(filter(
      ids,
      id =>
        !consistsOf(toLower(id), '0123456789abcdef-') || join(map(split(id, '-'), part => string(length(part))), '-') != '8-4-4-4-12'
    ))
    ? ids
    : fail('${what} must be a client id such as 04b07795-8ddb-461a-bbee-02f9e1bf7b46')

// A budget begins with a month: 2026-12-01.
@export()
func checkedStart(start string) string =>
  consistsOf(start, '0123456789-') && length(start) == 10 && endsWith(start, '-01')
    ? start
    : fail('budgetStart is "${start}", but must be the first day of a month, such as 2026-12-01')

// https://learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#set-always-ready-instance-counts
@export()
func checkedGroups(groups { name: string, instanceCount: int }[]) { name: string, instanceCount: int }[] =>
  empty(filter(groups, group => group.name != 'http' && !startsWith(group.name, 'function:')))
    ? groups
    : fail('alwaysReady must name http or function:<name of a function>')
