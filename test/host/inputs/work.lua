-- SPDX-License-Identifier: MIT-0
--
-- Lua: tables that grow and die, strings, closures; each object is a block of its own.
local random = 42
local function next_random(limit)
    random = (random * 1103515245 + 12345) % 2147483648
    return (random // 256) % limit
end

local function tree(depth)
    if depth == 0 then return { next_random(100) } end
    return { tree(depth - 1), tree(depth - 1) }
end

local function sum(node)
    if #node == 1 then return node[1] end
    return sum(node[1]) + sum(node[2])
end

for round = 1, 4 do
    local words, list = {}, {}
    for i = 1, 60000 do
        local word = string.format("%x-%d", next_random(5000), i % 7)
        words[word] = (words[word] or 0) + 1
    end
    for word, count in pairs(words) do list[#list + 1] = word .. "=" .. count end
    table.sort(list)
    local text = table.concat(list, ","):gsub("%-", "+")
    print(round, #list, #text, text:sub(1, 60), sum(tree(14)))
end
